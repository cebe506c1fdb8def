import { useState } from 'react';
import { reachable } from '../../server';
import { describe } from '../api';
import { reportUrl } from './requests';

/** Downloads the rejected rows, by an address that is signed when it is asked for. */
export function ReportButton({ importId }: { importId: string }) {
  const [failure, setFailure] = useState<string | null>(null);

  async function download(): Promise<void> {
    setFailure(null);
    try {
      location.assign(reachable(await reportUrl(importId)));
    } catch (error) {
      setFailure(describe(error));
    }
  }

  return (
    <>
      <button type="button" onClick={download}>
        Download the rejected rows
      </button>
      {failure && (
        <span role="alert" className="error">
          {failure}
        </span>
      )}
    </>
  );
}
