"""What two subscriptions must have in common to share their executions."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

from core.security import Caller
from resolvers.execution.documents import Prepared

AFTER = "after"


class SharingKey(NamedTuple):
    """The same document, operation and variables, seen by the same eyes.

    Where each of them resumes does not matter: it decides which events come, not how
    they look.
    """

    text: str
    operation_name: str | None
    variables: bytes
    viewer: Caller


def sharing_key(prepared: Prepared, caller: Caller) -> SharingKey:
    """Return a subscription's key."""
    place = _resume_variable(prepared)
    variables = {
        name: value for name, value in prepared.variables.items() if name != place
    }
    return SharingKey(
        prepared.text,
        prepared.operation_name,
        written(variables),
        caller.as_viewer(),
    )


def written(variables: Mapping[str, Any]) -> bytes:
    """Return variables as JSON that is the same for what is the same, and only for that.

    They have been read by their types, which bound how deep they go.
    """
    text = json.dumps(
        variables, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    return text.encode(errors="surrogatepass")


def _resume_variable(prepared: Prepared) -> str | None:
    """Return the variable that gives the root field's `after`, and nothing else."""
    found = _after_of(prepared.operation)
    if found is None:
        return None
    uses = _Uses()
    visit(prepared.document, uses)
    # Once where it is declared, once where it is used.
    return found if uses.count[found] == 2 else None


def _after_of(operation: OperationDefinitionNode) -> str | None:
    for field in operation.selection_set.selections:
        for argument in (isinstance(field, FieldNode) and field.arguments) or ():
            if argument.name.value == AFTER and isinstance(
                argument.value, VariableNode
            ):
                return argument.value.name.value
    return None


class _Uses(Visitor):
    """Counts how often each variable is named."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.count[node.name.value] += 1
