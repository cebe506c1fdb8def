import { useEffect, useState } from 'react';
import { describe } from '../api';
import { loadPreview } from './requests';
import type { Previewed } from './requests';
import type { Preview, ReadOptions, UserError } from './types';

interface State {
  /** The last one that could be made. */
  preview: Preview | null;
  userErrors: readonly UserError[];
  failure: string | null;
  isLoading: boolean;
}

const TYPING_MS = 350;

/** What is in a file, asked for anew when it is to be read in another way. */
export function usePreview(fileId: string, target: string, read: ReadOptions): State {
  const [state, setState] = useState<State>({
    preview: null,
    userErrors: [],
    failure: null,
    isLoading: true,
  });
  const options = JSON.stringify(read);
  useEffect(() => {
    let isCurrent = true;
    const change = (part: Partial<State>) =>
      isCurrent && setState((before) => ({ ...before, ...part }));
    change({ isLoading: true });
    const timer = setTimeout(() => {
      loadPreview(fileId, target, JSON.parse(options) as ReadOptions).then(
        (answer) => change({ ...shown(answer), failure: null, isLoading: false }),
        (error) => change({ failure: describe(error), isLoading: false }),
      );
    }, TYPING_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [fileId, target, options]);
  return state;
}

/** A preview that could not be made leaves the one before it in sight. */
function shown({ preview, userErrors }: Previewed): Partial<State> {
  return preview ? { preview, userErrors } : { userErrors };
}
