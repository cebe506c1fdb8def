/** What may be wider than the window, to be scrolled by touch, wheel and keyboard. */
export function Scroller({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="scroller" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
