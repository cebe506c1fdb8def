interface Props {
  words: string;
  pages: {
    next: string | null;
    isLoading: boolean;
    failure: string | null;
    more(): void;
  };
}

/** The button that loads the next page, where there is one, or tries it again. */
export function More({ words, pages }: Props) {
  const { next, isLoading, failure, more } = pages;
  return next !== null || failure ? (
    <p className="more">
      <button type="button" disabled={isLoading} onClick={more}>
        {words}
      </button>
      {failure && (
        <span role="alert" className="error">
          {failure}
        </span>
      )}
    </p>
  ) : null;
}
