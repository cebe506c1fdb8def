"""What a client asks for, and why it may be refused before anything runs."""

from typing import Any, NamedTuple

from graphql import GraphQLError, OperationType


class OperationRequest(NamedTuple):
    """What a client asks for, as GraphQL over HTTP names it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    # A subscription's cursor to resume behind, which wins over its argument `after`.
    resume_after: str | None = None


class Refused(Exception):
    """A request of which nothing was run: its errors say what to mend."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class KindRefused(Refused):
    """A valid request for a kind of operation that is not served where it was sent."""

    def __init__(self, kind: OperationType) -> None:
        super().__init__([GraphQLError(f"A {kind.value} is not served here.")])
        self.kind = kind
