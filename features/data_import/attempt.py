"""One attempt at one import: all that it stores, and the job's end, at once or not."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from core.base import derived_id
from core.database_async import Database, Session
from features.data_import import crud, record_crud
from features.data_import.models import (
    RESULT_TYPE,
    ImportMode,
    ImportPlan,
    ImportRecord,
    Merged,
)
from features.data_import.passing import Passing, Restarted
from features.data_import.progress import ImportProgress
from features.data_import.rejections import Rejections
from features.data_import.reporting import StoredReport
from features.data_import.storing import Storing
from features.data_import.targets import TARGETS
from features.data_import.utils.asked import Asked, RowErrorPolicy
from features.data_import.utils.messages import ImportedColumn, Message, Opened
from features.data_import.utils.rejected import abort_message, duplicate_error
from features.files.models import SourceFile
from features.files.services import FilesService
from features.jobs.exceptions import JobFailure
from features.jobs.run import JobRun
from features.jobs.ticking import Ticker

# A transaction whose client says nothing for 15 s is given up.
SIGN_OF_LIFE_SECONDS: Final = 3.0

type MakeReport = Callable[[], Awaitable[StoredReport]]


class _Aborted(Exception):
    """Rows are bad, and the import asked for all or nothing, or would store nothing."""


class ImportAttempt:
    """Stores what the importing process tells; a retry stores the same again."""

    def __init__(
        self,
        run: JobRun,
        asked: Asked,
        file: SourceFile,
        files: FilesService,
        rejections: Rejections,
        progress: ImportProgress,
        ticker: Ticker,
        first_id: int = 0,
    ) -> None:
        self._run = run
        self._asked = asked
        self._file = file
        self._files = files
        self._rejections = rejections
        self._progress = progress
        self._ticker = ticker
        self._plan = ImportPlan(
            import_id=import_id_of(run),
            owner_id=run.job.owner_id,
            target=asked.target,
            mode=ImportMode(asked.mode),
            dry_run=asked.dry_run,
            dataset_name=asked.dataset_name or file.filename,
            first_id=first_id,
        )

    async def begin(self, database: Database) -> None:
        """Show the import, without any row yet, as the job's result."""
        record = ImportRecord(
            id=self._plan.import_id,
            owner_id=self._plan.owner_id,
            job_id=self._run.job.id,
            file_id=self._file.id,
            target=self._plan.target,
            mode=self._plan.mode.value,
            dry_run=self._plan.dry_run,
        )

        async def effects(session: Session) -> None:
            await record_crud.begin_anew(session, record)

        await self._run.store(effects, result_type=RESULT_TYPE, result_id=record.id)
        await self._point_out_earlier(database)

    async def work(
        self, messages: AsyncGenerator[Message, None], report: MakeReport
    ) -> None:
        """Store all good rows and end the job; JobFailure where that may not be."""
        passing = Passing(messages, self._progress, self._rejections)
        while True:
            opened = await passing.opened()
            try:
                async with self._run.ending(lambda: self._progress.report) as session:
                    await self._store(session, opened, passing, report)
                return
            except Restarted:
                await self._forget()
            except _Aborted:
                await self._abort(report)

    async def _store(
        self, session: Session, opened: Opened, passing: Passing, report: MakeReport
    ) -> None:
        storing = Storing(session, self._plan)
        await storing.open(opened.columns)
        await storing.copy(passing.chunks())
        self._progress.storing()
        merged = await storing.merge()
        if merged.duplicates:
            await self._reject_duplicates(storing, opened.columns)
        await self._rejections.flush()
        self._progress.merged()
        rejected = self._rejections.rows
        if rejected and self._is_too_bad(merged):
            raise _Aborted
        made = await _alive(session, report()) if rejected else None
        await storing.record(merged, self._progress.rows_read, rejected)
        if made is not None:
            await self._add_report(session, made)
        self._progress.reported()
        await self._ticker.stop()

    def _is_too_bad(self, merged: Merged) -> bool:
        """Tell whether rejected rows keep the good ones out, or there are none of these.

        To replace everything by nothing is not what a file of bad rows asks for.
        """
        if self._asked.on_row_error is RowErrorPolicy.ABORT:
            return True
        return self._plan.mode is ImportMode.REPLACE and not merged.inserted

    async def _reject_duplicates(
        self, storing: Storing, columns: tuple[ImportedColumn, ...]
    ) -> None:
        assert self._plan.target is not None
        target = TARGETS[self._plan.target]
        async for found in storing.duplicates():
            errors = [
                duplicate_error(target, columns, one.row, one.key, one.first_row)
                for one in found
            ]
            await self._rejections.add(errors, len(errors))

    async def _abort(self, report: MakeReport) -> None:
        """Show all that is wrong with the file, and fail."""
        made = await report()
        read, rejected = self._progress.rows_read, self._rejections.rows

        async def effects(session: Session) -> None:
            import_id = self._plan.import_id
            await record_crud.set_counts(
                session, import_id, read=read, rejected=rejected
            )
            await self._add_report(session, made)

        await self._run.store(
            effects, result_type=RESULT_TYPE, result_id=self._plan.import_id
        )
        message = abort_message(read, rejected, self._rejections.first)
        raise JobFailure("INVALID_INPUT", message, retryable=False)

    async def _add_report(self, session: Session, made: StoredReport) -> None:
        self._files.add_objects(session, [made.stored])
        await session.flush()
        await crud.set_report(session, self._plan.import_id, made.stored.id, made.name)

    async def _forget(self) -> None:
        """Take back what was said of rows that are going to be read otherwise."""
        await self._rejections.begin()

        async def effects(session: Session) -> None:
            await crud.delete_errors(session, self._plan.import_id)

        await self._run.store(
            effects, result_type=RESULT_TYPE, result_id=self._plan.import_id
        )

    async def _point_out_earlier(self, database: Database) -> None:
        """Say so where the same file went to the same place before."""
        import_id = self._plan.import_id
        async with database.statement() as session:
            found = await record_crud.earlier_imports(session, [import_id])
        if import_id in found:
            where = self._plan.target or "a dataset"
            day = f"{found[import_id].created_at:%Y-%m-%d}"
            self._progress.message = (
                f"The same file was imported into {where} on {day} already."
            )


def import_id_of(run: JobRun) -> str:
    """Return the id of the import that a job does."""
    return derived_id("import", run.job.id, "import")


async def _alive[T](session: Session, doing: Awaitable[T]) -> T:
    """Wait for something else amid a transaction, which must not fall silent."""
    task = asyncio.ensure_future(doing)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=SIGN_OF_LIFE_SECONDS)
            await record_crud.show_life(session)
        return await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
