import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { Kind, parse } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';

/** Return a function that opens a tab with an operation and runs it there. */
export function useRunInNewTab() {
  const { queryEditor, variableEditor } = useGraphiQL(
    pick('queryEditor', 'variableEditor'),
  );
  const actions = useGraphiQLActions();
  return (query: string, variables: Record<string, unknown>): void => {
    // Else the tab's events would go on arriving in the new one.
    actions.stop();
    actions.addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(JSON.stringify(variables, null, 2));
    actions.setOperationFacts(factsOf(query));
    void actions.run();
  };
}

/** What the editor would find out by itself, but only after a delay. */
function factsOf(query: string) {
  const documentAST = parse(query);
  const operations = documentAST.definitions.filter(
    (node): node is OperationDefinitionNode =>
      node.kind === Kind.OPERATION_DEFINITION,
  );
  return { documentAST, operations, operationName: operations[0]?.name?.value };
}
