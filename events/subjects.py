"""The subjects of the EVENTS stream: ``events.{domain}.{action}.{status}.{id}``.

One helper builds a job's subject and another its filter, side by side: JetStream
silently accepts an expectation whose filter does not cover the subject.
"""

from enum import StrEnum
from typing import Final, NamedTuple

EVENTS: Final = "EVENTS"
ROOT: Final = "events"
TASKS: Final = "TASKS"
ALL_EVENTS: Final = "events.>"


class JobKind(StrEnum):
    """What a job does; each kind has its own subjects."""

    PSD_PARSE = "PSD_PARSE"
    PSD_EXPORT = "PSD_EXPORT"
    DATA_IMPORT = "DATA_IMPORT"
    BUSINESS_ANALYSIS = "BUSINESS_ANALYSIS"
    BACKGROUND_GENERATION = "BACKGROUND_GENERATION"

    @property
    def topic(self) -> str:
        """`{domain}.{action}` of the kind's transitions."""
        return _TOPICS[self]


_TOPICS: Final = {
    JobKind.PSD_PARSE: "psd.parse_export",
    JobKind.PSD_EXPORT: "psd.export",
    JobKind.DATA_IMPORT: "data_import.import",
    JobKind.BUSINESS_ANALYSIS: "business_analysis.run",
    JobKind.BACKGROUND_GENERATION: "background.generation",
}


class Transition(StrEnum):
    """A job's transitions, as the last word of their subject."""

    QUEUED = "queued"
    STARTED = "started"
    PROGRESSED = "progressed"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_terminal(self) -> bool:
        """True for a job's last event."""
        return self in (self.COMPLETED, self.FAILED, self.CANCELED)


class Topic(NamedTuple):
    """An event's subject without `events.` and the id."""

    domain: str
    action: str
    status: str

    def subject(self, trailing_id: str) -> str:
        """Return the whole subject of one event."""
        return f"events.{self.domain}.{self.action}.{self.status}.{trailing_id}"

    def __str__(self) -> str:
        return f"{self.domain}.{self.action}.{self.status}"


LAYERS_EXPORTED: Final = Topic("psd", "layers", "exported")
PICTURES_EXPORTED: Final = Topic("psd", "pictures", "exported")
PREVIEW_READY: Final = Topic("psd", "preview", "ready")
PREVIEW_PUBLISHED: Final = Topic("psd", "preview", "published")
ROWS_REJECTED: Final = Topic("data_import", "rows", "rejected")
DEAD_LETTER: Final = Topic("tasks", "dead", "failed")


def transition_topic(kind: JobKind, transition: Transition) -> Topic:
    """Return the topic of a job's transition."""
    domain, _, action = kind.topic.partition(".")
    return Topic(domain, action, transition.value)


def job_filter(job_id: str) -> str:
    """Return the filter that covers every subject of a job's events."""
    return f"events.*.*.*.{job_id}"


def without_id(subject: str) -> str:
    """Return an event's subject without its trailing id."""
    return subject.rpartition(".")[0]


def trailing_id(subject: str) -> str:
    """Return the id that an event's subject ends in."""
    return subject.rpartition(".")[2]


def is_filter(pattern: str) -> bool:
    """Tell whether `pattern` is a NATS subject filter: tokens, `*`, and `>` at its end."""
    tokens = pattern.split(".")
    if not all(tokens) or ">" in tokens[:-1]:
        return False
    plain = (token for token in tokens if token not in ("*", ">"))
    return all(token.isprintable() and not set(token) & set("*> \t") for token in plain)


def may_match(pattern: str) -> bool:
    """Tell whether a filter below `events.` covers any topic, now or ever."""
    words = len(Topic._fields)
    tokens = pattern.split(".")
    return len(tokens) <= words if tokens[-1] == ">" else len(tokens) == words


def matches(pattern: str, subject: str) -> bool:
    """Tell whether a NATS subject filter covers `subject`."""
    wanted, given = pattern.split("."), subject.split(".")
    for place, token in enumerate(wanted):
        if token == ">":
            return len(given) > place
        if place >= len(given) or token not in ("*", given[place]):
            return False
    return len(wanted) == len(given)
