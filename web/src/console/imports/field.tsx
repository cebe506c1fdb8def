import { useId } from 'react';
import type { UserError } from './types';

/** The messages for a field, by the last part of their paths. */
export function messagesFor(errors: readonly UserError[], name: string): string[] {
  return errors
    .filter(({ field }) => field.includes(name))
    .map(({ message }) => message);
}

interface Props {
  label: string;
  /** The name of the input's field, by which its errors are told. */
  name: string;
  errors: readonly UserError[];
  hint?: string;
  children(control: Control): React.ReactNode;
}

/** What a control needs to belong to its label, hint and errors. */
export interface Control {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
}

/** A control with its label above, and below it what is wrong with what it holds. */
export function Field({ label, name, errors, hint, children }: Props) {
  const id = useId();
  const messages = messagesFor(errors, name);
  const described = [hint && `${id}-hint`, messages.length && `${id}-error`];
  return (
    <div className="field" data-field={name}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described.filter(Boolean).join(' ') || undefined,
        'aria-invalid': messages.length ? true : undefined,
      })}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
      {messages.length > 0 && (
        <p role="alert" id={`${id}-error`} className="error">
          {messages.join('\n')}
        </p>
      )}
    </div>
  );
}
