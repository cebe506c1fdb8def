"""Rows that an import rejects: stored while it runs, told of, and kept for its report."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from core.database_async import Session
from events.subjects import ROWS_REJECTED
from features.data_import import crud, record_crud
from features.data_import.models import RESULT_TYPE
from features.data_import.utils.error_log import ErrorLog
from features.data_import.utils.types import RowError
from features.jobs.run import JobRun, Report

FLUSH_SECONDS: Final = 0.25
# More than that is stored without waiting, and without an event of its own.
MOST_WAITING: Final = 20_000
ERRORS_PER_EVENT: Final = 20
VALUE_CHARACTERS: Final = 100
# Of the 16 KiB of an event's body, less what the job itself takes.
EVENT_ERRORS_BYTES: Final = 9 * 1024


class Rejections:
    """Stores what is wrong with rows, in transactions of their own beside the import's.

    Each checks the job's claim.

    `log` takes the same, for the report.
    """

    def __init__(
        self,
        run: JobRun,
        import_id: str,
        log: ErrorLog,
        report: Callable[[], Report],
    ) -> None:
        self.log = log
        self.rows = 0
        self.first: list[RowError] = []
        self._run = run
        self._import_id = import_id
        self._report = report
        self._waiting: list[RowError] = []
        self._told = -FLUSH_SECONDS

    async def begin(self) -> None:
        """Begin, perhaps anew: nothing of what was added counts any more."""
        self.rows = 0
        self.first = []
        self._waiting = []
        self._told = -FLUSH_SECONDS
        await asyncio.to_thread(self.log.clear)

    async def add(self, errors: Sequence[RowError], rows: int) -> None:
        """Take what is wrong with some `rows`, and store it if it is time to."""
        self.rows += rows
        if errors:
            self.first += errors[: ERRORS_PER_EVENT - len(self.first)]
            self._waiting += errors
            await asyncio.to_thread(self.log.add, errors)
        await self._flush_if_due()

    async def flush(self) -> None:
        """Store what waits, and tell of it."""
        if not self._waiting:
            return
        some, self._waiting = self._waiting, []
        wait = self._told + FLUSH_SECONDS - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self._told = time.monotonic()

        async def effects(session: Session) -> None:
            await crud.save_errors(session, self._import_id, some)
            await record_crud.set_counts(
                session, self._import_id, read=self._report().done, rejected=self.rows
            )

        await self._run.record(
            ROWS_REJECTED,
            effects,
            self._report(),
            errors=sample(self._import_id, some),
            rejected=self.rows,
        )

    async def _flush_if_due(self) -> None:
        while len(self._waiting) >= MOST_WAITING:
            some = self._waiting[ERRORS_PER_EVENT:MOST_WAITING]
            del self._waiting[ERRORS_PER_EVENT:MOST_WAITING]
            await self._store(some)
        if time.monotonic() - self._told >= FLUSH_SECONDS:
            await self.flush()

    async def _store(self, errors: Sequence[RowError]) -> None:
        async def effects(session: Session) -> None:
            await crud.save_errors(session, self._import_id, errors)

        await self._run.store(
            effects, result_type=RESULT_TYPE, result_id=self._import_id
        )


def sample(import_id: str, errors: Sequence[RowError]) -> list[dict[str, Any]]:
    """Return the first errors as an event holds them, which bounds their bytes."""
    shown: list[dict[str, Any]] = []
    room = EVENT_ERRORS_BYTES
    for error in errors[:ERRORS_PER_EVENT]:
        one = {
            "id": crud.error_id(import_id, error.row, error.position),
            "row": error.row,
            "column": _cut(error.column),
            "value": _cut(error.value),
            "code": error.code.value,
            "message": _cut(error.message, 3 * VALUE_CHARACTERS),
        }
        room -= len(msgspec.json.encode(one)) + 1
        if room < 0:
            break
        shown.append(one)
    return shown


def _cut(text: str | None, most: int = VALUE_CHARACTERS) -> str | None:
    if text is None:
        return None
    # What JSON writes as six bytes is shown as one character.
    plain = "".join(one if one.isprintable() else " " for one in text[:most])
    return plain.encode("utf-8", "replace").decode()
