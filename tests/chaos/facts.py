"""What is known when all is over; the checker judges by this alone."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from tests.chaos.designs import Effects


class Expected(StrEnum):
    """How a job of a kind must end, unless a person cancels it or its workers die."""

    WORKS = "works"
    CORRUPT = "is corrupt"
    POISON = "fails each time"


class Accepted(NamedTuple):
    """A job that a client was told of. `effects`: of a parse that works."""

    job_id: str
    kind: str
    expected: Expected
    effects: Effects | None = None
    is_cancel_asked: bool = False
    is_cancel_told: bool = False


class JobRow(NamedTuple):
    """A job's row; `admitted`: it holds one of its owner's places."""

    id: str
    status: str
    job_seq: int
    attempt: int
    max_attempts: int
    error: dict[str, Any] | None
    result_id: str | None
    admitted: bool = False


class DocumentRow(NamedTuple):
    """A document's row."""

    id: str
    job_id: str
    layer_count: int
    image_id: str | None
    preview_id: str | None


class LayerRow(NamedTuple):
    """A layer's row."""

    document_id: str
    number: int
    image_id: str | None
    preview_id: str | None


class ObjectRow(NamedTuple):
    """A stored object's row; one with an owner may be named more than once."""

    id: str
    key: str
    sha256: str
    owner_id: str | None


class JobEvent(NamedTuple):
    """An event of a job in the stream; `word` is its subject's."""

    sequence: int
    job_id: str
    job_seq: int
    word: str
    status: str
    attempt: int


class OtherEvent(NamedTuple):
    """An event that is not a job's: its subject without the id, and the id."""

    subject: str
    id: str


class Seen(NamedTuple):
    """What a subscriber got: the event's type, number, and the job's status."""

    typename: str
    job_seq: int
    status: str


class Watched(NamedTuple):
    """One subscription; `is_whole`: it began before the job's first event."""

    job_id: str
    is_whole: bool
    is_complete: bool
    seen: tuple[Seen, ...]


class Effect(NamedTuple):
    """What a test's task noted that it has done, under which claim."""

    job_id: str
    claim: int
    word: str


@dataclass
class Facts:
    """Everything that was collected; `stored` is the hash of each object's bytes."""

    accepted: list[Accepted] = field(default_factory=list)
    jobs: list[JobRow] = field(default_factory=list)
    documents: list[DocumentRow] = field(default_factory=list)
    layers: list[LayerRow] = field(default_factory=list)
    objects: list[ObjectRow] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)
    dead_letters: dict[str, str | None] = field(default_factory=dict)
    events: list[JobEvent] = field(default_factory=list)
    other_events: list[OtherEvent] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    outbox: int = 0
    task_messages: list[str] = field(default_factory=list)
    unfinished: dict[str, int] = field(default_factory=dict)
