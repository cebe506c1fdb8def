"""An import in a worker: read and checked in a child process, stored in one transaction."""

from contextlib import aclosing
from pathlib import Path

import msgspec

from core.base import uuid_of
from core.broker import Settlement
from core.config import Settings
from core.database_async import Database
from core.processes import ProcessPool
from core.scratch import Scratch
from features.data_import import record_crud
from features.data_import.attempt import ImportAttempt, import_id_of
from features.data_import.failures import failures, limits_of
from features.data_import.progress import ImportProgress
from features.data_import.rejections import Rejections
from features.data_import.reporting import Reporter
from features.data_import.targets import TARGETS
from features.data_import.utils.asked import Asked
from features.data_import.utils.engine import run_import
from features.data_import.utils.error_log import ErrorLog
from features.data_import.utils.messages import Message, Order, Stamp
from features.files.services import FilesService
from features.jobs.exceptions import JobFailure
from features.jobs.run import JobRun
from features.jobs.runner import JobRunner
from features.jobs.ticking import Ticker


class DataImporter:
    """Runs import jobs."""

    def __init__(
        self,
        runner: JobRunner,
        database: Database,
        files: FilesService,
        pool: ProcessPool,
        scratch: Scratch,
        settings: Settings,
    ) -> None:
        self._runner = runner
        self._database = database
        self._files = files
        self._pool = pool
        self._scratch = scratch
        self._settings = settings

    async def run(self, job_id: str) -> Settlement:
        """Run one import job."""
        return await self._runner.run(job_id, self._work)

    async def _work(self, run: JobRun) -> None:
        asked = msgspec.convert(run.job.input, Asked)
        file = (await self._files.get([asked.file_id])).get(asked.file_id)
        if file is None:
            raise JobFailure(
                "INVALID_INPUT", "The file has been deleted.", retryable=False
            )
        stamp = await self._stamp(import_id_of(run), asked.target)
        order = asked.order(file.filename, limits_of(self._settings), stamp)
        progress = ImportProgress()
        ticker = Ticker(run, lambda: progress.report)
        async with self._scratch.directory() as scratch, ticker.running():
            rejections = Rejections(
                run,
                import_id_of(run),
                ErrorLog(scratch / "errors"),
                lambda: progress.report,
            )
            attempt = ImportAttempt(
                run,
                asked,
                file,
                self._files,
                rejections,
                progress,
                ticker,
                first_id=stamp.first_id if stamp else 0,
            )
            await rejections.begin()
            await attempt.begin(self._database)
            async with self._files.materialize(file) as source:
                progress.reading()
                await self._import(run, attempt, source, order, rejections.log.path)

    async def _stamp(self, import_id: str, target: str | None) -> Stamp | None:
        if target is None:
            return None
        async with self._database.statement() as session:
            first_id = await record_crud.reserve_ids(session, TARGETS[target])
        return Stamp(first_id, uuid_of(import_id).bytes)

    async def _import(
        self,
        run: JobRun,
        attempt: ImportAttempt,
        source: Path,
        order: Order,
        errors: Path,
    ) -> None:
        reporter = Reporter(run, self._files, self._pool, self._settings)
        messages = self._pool.stream(
            run_import,
            source,
            order,
            result_type=Message,
            timeout=self._settings.task_timeout_seconds,
        )
        with failures():
            async with aclosing(messages):
                await attempt.work(
                    messages, lambda: reporter.report(source, order, errors)
                )
