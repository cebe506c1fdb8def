import type { UserError } from './types';

/** The fields that show what is wrong with them themselves. */
const SHOWN = [
  'target',
  'datasetName',
  'sheet',
  'headerRow',
  'delimiter',
  'encoding',
  'dateOrder',
  'timeZone',
  'nullValues',
  'mapping',
  'mode',
  'onRowError',
];

interface ProblemsProps {
  errors: readonly UserError[];
  failures: readonly (string | null)[];
}

/** What is wrong and belongs to no field that is in sight. */
export function Problems({ errors, failures }: ProblemsProps) {
  const others = errors.filter(
    ({ field }) => !field.some((name) => SHOWN.includes(name) && isInSight(name)),
  );
  const messages = [...others.map(({ message }) => message), ...failures];
  const texts = messages.filter((message) => message !== null);
  return texts.length ? (
    <p role="alert" className="failure">
      {texts.join('\n')}
    </p>
  ) : null;
}

function isInSight(name: string): boolean {
  const place = name === 'mapping' ? '#columns-title' : `[data-field="${name}"]`;
  return document.querySelector(place) !== null;
}

interface LookingProps {
  at: { isLoading: boolean; preview: unknown; userErrors: readonly UserError[] };
  startOver(): void;
}

/** Whether the file is being looked at, and the way back where that failed. */
export function Looking({ at, startOver }: LookingProps) {
  return (
    <div className="looking">
      <p role="status">{at.isLoading && 'Looking into the file…'}</p>
      {!at.isLoading && at.preview !== null && at.userErrors.length > 0 && (
        <p>
          What is shown below is from before.{' '}
          <button type="button" onClick={startOver}>
            Read it as found at first
          </button>
        </p>
      )}
    </div>
  );
}
