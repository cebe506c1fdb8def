"""The report of an import's rejected rows: made in a child process, stored, named."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from core.base import new_id, utc_now
from core.config import Settings
from core.processes import ProcessPool
from features.data_import.utils.engine import make_report
from features.data_import.utils.messages import Order, ReportMade
from features.files.models import StoredObject
from features.files.services import FilesService
from features.jobs.run import JobRun


class StoredReport(NamedTuple):
    """A report in the store, whose row is yet to be added, and its file's name."""

    stored: StoredObject
    name: str


class Reporter:
    """Makes the reports of one import."""

    def __init__(
        self, run: JobRun, files: FilesService, pool: ProcessPool, settings: Settings
    ) -> None:
        self._run = run
        self._files = files
        self._pool = pool
        self._timeout = settings.task_timeout_seconds
        self._life = timedelta(hours=settings.import_report_hours)

    async def report(self, source: Path, order: Order, errors: Path) -> StoredReport:
        """Make the report of the errors in a file, and store it."""
        path = errors.parent / "report"
        making = self._pool.stream(
            make_report,
            source,
            order,
            errors,
            path,
            result_type=ReportMade,
            timeout=self._timeout,
        )
        made = None
        async with aclosing(making):
            async for made in making:
                pass
        assert made is not None
        stored = await self._files.put_object(
            f"{self._run.prefix}{new_id('object')}{made.suffix}",
            Path(made.path),
            made.content_type,
            expires_at=utc_now() + self._life,
        )
        await asyncio.to_thread(Path(made.path).unlink, missing_ok=True)
        stem = PurePosixPath(order.filename).stem
        return StoredReport(stored, f"{stem} - rejected rows{made.suffix}")
