"""What one operation may ask for: checked before anything of it runs."""

from collections import Counter
from collections.abc import Iterator, Set
from typing import Any, Final, NamedTuple

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
# Below `__schema`, where clients ask for types in lists in types.
MAX_INTROSPECTION_DEPTH: Final = 30
MAX_ALIASES: Final = 15
MAX_ROOT_FIELDS: Final = 20
MAX_COST: Final = 10_000
# With fragments spread out: a few of them may hold each other a million times.
MAX_SELECTIONS: Final = 10_000
# Validation compares each field with all others of its place and name, and each
# fragment with all others of its place.
MAX_PAIRS: Final = 5000
MAX_DIGITS: Final = 20

type Place = tuple[str, ...]

_ANY_FRAGMENT: Final = "..."


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


class _Levels(NamedTuple):
    """How deep it may go below a place of so many levels."""

    above: int
    most: int
    what: str


_ORDINARY: Final = _Levels(0, MAX_DEPTH, "levels")


def _introspection(above: int) -> _Levels:
    return _Levels(above, MAX_INTROSPECTION_DEPTH, "levels of introspection")


class _Shape:
    """Counts what a document selects, fragments spread out, as validation will see it.

    That is all of it: what is below `__schema`, and fragments that no operation uses.
    """

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {
            one.name.value: one.selection_set
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._spread: set[str] = set()
        self._selections = 0
        self._pairs = 0
        # Of one operation
        self._aliases = 0
        self._seen: Counter[Place] = Counter()

    def check(self) -> None:
        for one in self._document.definitions:
            if isinstance(one, OperationDefinitionNode):
                self._start(one.selection_set, ())
        for one in self._document.definitions:
            if isinstance(one, FragmentDefinitionNode) and self._is_left(one):
                name = one.name.value
                # Below something: a fragment is not held to what a root may have.
                self._start(one.selection_set, (_ANY_FRAGMENT,), frozenset({name}))

    def _is_left(self, fragment: FragmentDefinitionNode) -> bool:
        """Tell whether a fragment was not spread, or another of its name instead."""
        name = fragment.name.value
        is_other = self._fragments[name] is not fragment.selection_set
        return is_other or name not in self._spread

    def _start(
        self,
        selections: SelectionSetNode,
        place: Place,
        within: Set[str] = frozenset(),
    ) -> None:
        self._aliases = 0
        self._seen.clear()
        self._walk(selections, place, within, _ORDINARY)

    def _walk(
        self, selections: SelectionSetNode, place: Place, within: Set[str], all: _Levels
    ) -> None:
        at_most(all.most, len(place) + 1 - all.above, all.what)
        fields = self._fields(selections, place, within)
        for number, (field, spread) in enumerate(fields, start=1):
            if not place:
                at_most(MAX_ROOT_FIELDS, number, "fields at its root")
            here = (*place, (field.alias or field.name).value)
            self._pair(here)
            self._aliases += field.alias is not None
            at_most(MAX_ALIASES, self._aliases, "aliases")
            if field.selection_set:
                is_start = all is _ORDINARY and field.name.value.startswith("__")
                levels = _introspection(len(here)) if is_start else all
                self._walk(field.selection_set, here, spread, levels)

    def _fields(
        self, selections: SelectionSetNode, place: Place, within: Set[str]
    ) -> Iterator[tuple[FieldNode, Set[str]]]:
        """Yield the fields below a selection, each with the fragments that it is in."""
        for one in selections.selections:
            self._selections += 1
            at_most(MAX_SELECTIONS, self._selections, "selections")
            if isinstance(one, FieldNode):
                yield one, within
            elif isinstance(one, InlineFragmentNode):
                yield from self._fields(one.selection_set, place, within)
            elif isinstance(one, FragmentSpreadNode):
                name = one.name.value
                self._spread.add(name)
                self._pair((*place, _ANY_FRAGMENT))
                # One that holds itself, or is not there, is for validation to tell.
                if name in self._fragments and name not in within:
                    found = self._fragments[name]
                    yield from self._fields(found, place, within | {name})

    def _pair(self, here: Place) -> None:
        """Count a field or a fragment with all others of its place."""
        self._pairs += self._seen[here]
        at_most(MAX_PAIRS, self._pairs, "pairs of one field or of fragments")
        self._seen[here] += 1
