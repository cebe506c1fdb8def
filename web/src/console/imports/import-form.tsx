import { useEffect, useState } from 'react';
import { Looking, Problems } from './form-parts';
import { Mapping } from './mapping-part';
import { mappingInput, mappingOf, missing } from './mapping';
import { ModeFields } from './mode-fields';
import { ReadFields } from './read-fields';
import { RowsTable } from './rows-table';
import { NO_OPTIONS, keep, settingsOf } from './settings';
import type { SourceFile } from './requests';
import { TargetFields } from './target-fields';
import { usePreview } from './use-preview';
import { useStart } from './use-start';
import type { ReadOptions, Settings, Target } from './types';

interface Props {
  file: SourceFile;
  targets: readonly Target[];
}

/** All that is asked before an import, with what the file looks like so. */
export function ImportForm({ file, targets }: Props) {
  const [settings, setSettings] = useState<Settings>(() => settingsOf(file.id));
  useEffect(() => keep(file.id, settings), [file.id, settings]);
  const looked = usePreview(file.id, settings.target, settings.read);
  const started = useStart(file.id);
  const { preview } = looked;
  const errors = [...looked.userErrors, ...started.userErrors];
  const target = targets.find(({ name }) => name === settings.target);

  function change(part: Partial<Settings>): void {
    started.forget();
    setSettings((before) => ({ ...before, ...part }));
  }

  function changeRead(part: Partial<ReadOptions>): void {
    change({ read: { ...settings.read, ...part }, mapping: null });
  }

  function start(): void {
    const columns = preview?.columns ?? [];
    const absent = target ? missing(target, mappingOf(settings, columns)) : [];
    if (absent.length) {
      const message = `Choose the heading that has the ${absent.join(', ')}.`;
      started.refuse({ field: ['mapping'], message, code: 'REQUIRED' });
    } else {
      void started.start(settings, target ? mappingInput(settings, columns) : null);
    }
  }

  const common = { settings, errors, change };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <div className="fields">
        <TargetFields {...common} targets={targets} filename={file.filename} />
        {preview && (
          <ReadFields {...{ preview, errors, read: settings.read, change: changeRead }} />
        )}
        <ModeFields {...common} target={target} />
      </div>
      <Looking at={looked} startOver={() => changeRead(NO_OPTIONS)} />
      <Problems errors={errors} failures={[looked.failure, started.failure]} />
      <p className="start">
        <button className="main" disabled={started.isBusy || looked.isLoading || !preview}>
          {settings.dryRun ? 'Try it' : 'Import'}
        </button>
      </p>
      {preview && (
        <>
          <Mapping {...common} preview={preview} target={target} />
          <h2>First rows</h2>
          <RowsTable
            label="First rows"
            headings={preview.columns.map(({ heading }) => heading)}
            rows={preview.rows}
          />
        </>
      )}
    </form>
  );
}
