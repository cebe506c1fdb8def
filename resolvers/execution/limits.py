"""What one operation may ask for: checked before anything of it runs."""

from collections import Counter
from collections.abc import Iterator, Set
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    visit,
)

from core.errors import AppError, ErrorCode

MAX_CHARACTERS: Final = 100_000
MAX_TOKENS: Final = 2000
MAX_DEPTH: Final = 15
MAX_ALIASES: Final = 15
MAX_ROOT_FIELDS: Final = 20
MAX_COST: Final = 10_000
# With fragments spread out: a few of them may hold each other a million times.
MAX_SELECTIONS: Final = 10_000
# Validation compares each field with all others of its place and name.
MAX_PAIRS: Final = 10_000
MAX_DIGITS: Final = 20


type Place = tuple[str, ...]


def check_size(text: str) -> None:
    """Raise LIMIT_EXCEEDED where reading a document would hold others up."""
    if len(text) > MAX_CHARACTERS:
        raise AppError(
            ErrorCode.LIMIT_EXCEEDED,
            f"A document may have at most {MAX_CHARACTERS} characters. "
            "Send long values as variables.",
        )


def check_shape(document: DocumentNode) -> None:
    """Raise LIMIT_EXCEEDED for a parsed document that is too deep or too wide.

    It need not be valid: validating takes long where there is too much of a thing.
    """
    visit(document, _Digits())
    _Shape(document).check()


def at_most(limit: int, found: int, what: str) -> None:
    """Raise LIMIT_EXCEEDED for more than there may be."""
    if found > limit:
        raise AppError(
            ErrorCode.LIMIT_EXCEEDED,
            f"An operation may have at most {limit} {what}. Ask for less at once.",
        )


class _Digits(Visitor):
    """Refuses integers that no argument takes: reading them costs time."""

    def enter_int_value(self, node: IntValueNode, *_: Any) -> None:
        if len(node.value) > MAX_DIGITS:
            raise AppError(
                ErrorCode.BAD_USER_INPUT, f"An integer has at most {MAX_DIGITS} digits."
            )


class _Shape:
    """Counts what a document's operations select, fragments spread out."""

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {
            one.name.value: one.selection_set
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._selections = 0
        self._aliases = 0
        self._pairs = 0
        self._seen: Counter[Place] = Counter()

    def check(self) -> None:
        for one in self._document.definitions:
            if isinstance(one, OperationDefinitionNode):
                self._aliases = self._pairs = 0
                self._seen.clear()
                fields = len(list(self._fields(one.selection_set)))
                at_most(MAX_ROOT_FIELDS, fields, "fields at its root")
                self._walk(one.selection_set, ())

    def _walk(
        self,
        selections: SelectionSetNode,
        place: Place,
        within: Set[str] = frozenset(),
    ) -> None:
        at_most(MAX_DEPTH, len(place) + 1, "levels")
        for field, spread in self._fields(selections, within):
            here = (*place, (field.alias or field.name).value)
            self._pairs += self._seen[here]
            at_most(MAX_PAIRS, self._pairs, "pairs of one field")
            self._seen[here] += 1
            self._aliases += field.alias is not None
            at_most(MAX_ALIASES, self._aliases, "aliases")
            if field.selection_set and not field.name.value.startswith("__"):
                self._walk(field.selection_set, here, spread)

    def _fields(
        self, selections: SelectionSetNode, within: Set[str] = frozenset()
    ) -> Iterator[tuple[FieldNode, Set[str]]]:
        """Yield the fields below a selection, each with the fragments that it is in."""
        for one in selections.selections:
            self._selections += 1
            at_most(MAX_SELECTIONS, self._selections, "selections")
            if isinstance(one, FieldNode):
                yield one, within
            elif isinstance(one, InlineFragmentNode):
                yield from self._fields(one.selection_set, within)
            elif isinstance(one, FragmentSpreadNode):
                name = one.name.value
                # One that holds itself, or is not there, is for validation to tell.
                if name in self._fragments and name not in within:
                    yield from self._fields(self._fragments[name], within | {name})
