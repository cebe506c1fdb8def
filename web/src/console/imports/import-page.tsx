import { useEffect, useRef, useState } from 'react';
import { describe } from '../api';
import { ImportForm } from './import-form';
import { loadFile, loadTargets } from './requests';
import type { SourceFile } from './requests';
import type { Target } from './types';

interface Loaded {
  file: SourceFile | null;
  targets: Target[];
}

/** What is in an uploaded file, and what is to be done with its rows. */
export function ImportPage({ fileId }: { fileId: string }) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus();
    Promise.all([loadFile(fileId), loadTargets()]).then(
      ([file, targets]) => setLoaded({ file, targets }),
      (error) => setFailure(describe(error)),
    );
  }, [fileId]);
  const isMissing = loaded !== null && loaded.file === null;
  return (
    <article className="import" aria-labelledby="import-title">
      <p className="back">
        <a href="#/">All jobs</a>
      </p>
      <h1 id="import-title" ref={title} tabIndex={-1}>
        {isMissing ? 'There is no such file' : `Import ${loaded?.file?.filename ?? ''}`}
      </h1>
      {failure && (
        <p role="alert" className="failure">
          {failure}
        </p>
      )}
      {loaded?.file && <ImportForm file={loaded.file} targets={loaded.targets} />}
    </article>
  );
}
