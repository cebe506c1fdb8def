import { useState } from 'react';
import { describe } from '../api';
import { goToJob } from '../navigation';
import { beginWatching } from '../watched';
import { startImport } from './requests';
import { forgetKey, keyFor } from './settings';
import type { Settings, UserError } from './types';

interface Trying {
  isBusy: boolean;
  userErrors: readonly UserError[];
  failure: string | null;
}

const IDLE: Trying = { isBusy: false, userErrors: [], failure: null };

type Pairs = { heading: string; column: string }[] | null;

/** Start the import of a file and go to its job's page, or tell what is wrong. */
export function useStart(fileId: string) {
  const [trying, setTrying] = useState<Trying>(IDLE);

  async function start(settings: Settings, mapping: Pairs): Promise<void> {
    setTrying({ ...IDLE, isBusy: true });
    const key = keyFor(JSON.stringify([fileId, settings, mapping]));
    try {
      const { job, cursor, userErrors } = await startImport(
        fileId,
        settings,
        mapping,
        key,
      );
      if (job && !userErrors.length) {
        forgetKey();
        beginWatching(job.id, cursor);
        goToJob(job.id);
      }
      setTrying({ ...IDLE, userErrors });
    } catch (error) {
      setTrying({ ...IDLE, failure: describe(error) });
    }
  }

  return {
    ...trying,
    start,
    refuse: (error: UserError) => setTrying({ ...IDLE, userErrors: [error] }),
    forget: () => setTrying(IDLE),
  };
}
