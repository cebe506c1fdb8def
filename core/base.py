"""Ids and timestamps that every table and every public object shares."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import uuid_utils
from sqlalchemy import DateTime, func
from sqlmodel import Field, SQLModel

PREFIXES: Final = frozenset(
    {
        "analysis",
        "background",
        "dataset",
        "deadletter",
        "event",
        "export",
        "file",
        "import",
        "importerror",
        "job",
        "layer",
        "object",
        "outbox",
        "picture",
        "psd",
        "user",
    }
)


def utc_now() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Make a new public id such as ``job_0198f0…``: a prefix and a UUIDv7's 32 hex digits."""
    return _join(prefix, uuid_utils.uuid7().hex)


def derived_id(prefix: str, parent_id: str, place: str) -> str:
    """Derive the id of what belongs to a `place` in `parent_id` (UUIDv5: always the same)."""
    return derived_ids(prefix, parent_id, [place])[0]


def derived_ids(prefix: str, parent_id: str, places: Iterable[str]) -> list[str]:
    """Derive the ids of what belongs to many places in `parent_id`, in their order."""
    parent = uuid_utils.UUID(hex=uuid_of(parent_id).hex)
    return [_join(prefix, uuid_utils.uuid5(parent, place).hex) for place in places]


def prefix_of(public_id: str) -> str | None:
    """Return the type prefix of a well-formed public id, else None."""
    prefix, _, digits = public_id.partition("_")
    well_formed = (
        prefix in PREFIXES
        and len(digits) == 32
        and all(c in "0123456789abcdef" for c in digits)
    )
    return prefix if well_formed else None


def uuid_of(public_id: str) -> UUID:
    """Return the UUID inside a public id; ValueError where it is not one."""
    if prefix_of(public_id) is None:
        raise ValueError(f"not a public id: {public_id!r}")
    return UUID(hex=public_id.partition("_")[2])


def _join(prefix: str, digits: str) -> str:
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}")
    return f"{prefix}_{digits}"


class TimestampMixin(SQLModel):
    """Adds `created_at` and `updated_at`, both UTC; the second moves with every update."""

    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),
        nullable=False,
    )
    updated_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"onupdate": func.now()},
        nullable=False,
    )
