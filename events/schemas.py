"""The bodies of events, as JSON in JetStream; ids and object keys, never a signed URL."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

MAX_BODY_BYTES: Final = 16 * 1024
EVENT_VERSION: Final = "1"


class Progress(msgspec.Struct, frozen=True):
    """How far a job is; `fraction` 0 to 1, `eta_seconds` null until a rate is known."""

    fraction: float = 0.0
    stage: str = "queued"
    done: int = 0
    total: int | None = None
    eta_seconds: float | None = None
    message: str | None = None


class JobErrorBody(msgspec.Struct, frozen=True):
    """Why an attempt or a job failed; `code` is one of the graph's JobErrorCode."""

    code: str
    message: str
    retryable: bool


class ResultRef(msgspec.Struct, frozen=True):
    """The type and id of what a job made."""

    type: str
    id: str


class JobBody(msgspec.Struct, frozen=True):
    """A job's row as an event left it."""

    id: str
    kind: str
    owner: str
    job_seq: int
    status: str
    attempt: int
    max_attempts: int
    progress: Progress
    error: JobErrorBody | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: ResultRef | None
    priority: str = "INTERACTIVE"


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `job` and the parts below it are there for a job's events alone."""

    event_version: str = EVENT_VERSION
    event_id: str
    timestamp: datetime
    task_id: str
    status: str
    owner: str | None | UnsetType = UNSET
    job: JobBody | UnsetType = UNSET
    progress: Progress | UnsetType = UNSET
    error: JobErrorBody | UnsetType = UNSET
    next_attempt_at: datetime | UnsetType = UNSET
    layer_ids: list[str] | UnsetType = UNSET
    picture_ids: list[str] | UnsetType = UNSET
    document_id: str | UnsetType = UNSET
    errors: list[dict[str, Any]] | UnsetType = UNSET
    rejected: int | UnsetType = UNSET
    letter_id: str | UnsetType = UNSET
    job_id: str | None | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    message: str | UnsetType = UNSET


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(EventBody)


def encode(body: EventBody) -> bytes:
    """Return the body's JSON; ValueError above MAX_BODY_BYTES."""
    data = _encoder.encode(body)
    if len(data) > MAX_BODY_BYTES:
        raise ValueError(f"an event of {len(data)} bytes; {MAX_BODY_BYTES} are allowed")
    return data


def decode(data: bytes) -> EventBody:
    """Read a body; msgspec.ValidationError or DecodeError where it is none."""
    try:
        return _decoder.decode(data)
    except (UnicodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
