import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect } from 'react';
import { EXAMPLE_TABS } from './examples';
import { fetcher } from './fetcher';
import { readLink } from './link';
import type { Link } from './link';
import { UPLOAD_PLUGIN } from './upload';

const LINK = readLink(location.search);
const FIRST_VISIT = localStorage.getItem('graphiql:tabState') === null;
const PLUGINS = [UPLOAD_PLUGIN, HISTORY_PLUGIN, explorerPlugin()];

/** GraphiQL with the examples, the upload panel and the link's operation, if any. */
export function App() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={FIRST_VISIT && !LINK ? UPLOAD_PLUGIN : undefined}
      defaultTabs={LINK ? [LINK, ...EXAMPLE_TABS] : EXAMPLE_TABS}
      initialQuery={LINK?.query}
      initialVariables={LINK?.variables}
      defaultEditorToolsVisibility
    >
      <GraphiQL.Logo>
        <a className="logo" href="/">
          OneManage
        </a>
      </GraphiQL.Logo>
      <WrapLines />
      {LINK?.operationName && <SelectOperation name={LINK.operationName} />}
    </GraphiQL>
  );
}

/** Show long lines whole beside the open panel. */
function WrapLines() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => {
    queryEditor?.updateOptions({ wordWrap: 'on' });
  }, [queryEditor]);
  return null;
}

/** Choose one of several operations once the editor has read them. */
function SelectOperation({ name }: { name: NonNullable<Link['operationName']> }) {
  const ready = useGraphiQL((state) => state.queryEditor !== undefined);
  const { setOperationName } = useGraphiQLActions();
  useEffect(() => {
    if (ready) {
      setOperationName(name);
    }
  }, [ready, name, setOperationName]);
  return null;
}
