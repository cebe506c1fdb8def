"""DataLoaders: however many rows an operation shows, each kind costs one statement."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from aiodataloader import DataLoader

from core.base import prefix_of
from core.container import Container
from events.cursor import Position
from events.live.hub import Hub
from features.data_import.datasets import DatasetsService
from features.data_import.models import Dataset, ImportRecord, ImportRowError
from features.data_import.services import DataImportService
from features.files.models import SourceFile, StoredObject
from features.files.services import FilesService
from features.jobs.dead_letters import DeadLettersService
from features.jobs.models import DeadLetter, Job
from features.jobs.services import JobsService
from features.psd.exports import PsdExportsService
from features.psd.models import (
    LayerSelection,
    PsdDocument,
    PsdExport,
    PsdExportPicture,
    PsdLayer,
)
from features.psd.preview_requests import PreviewRequests
from features.psd.services import PsdService
from features.users.models import User
from features.users.services import UsersService


class JobRead:
    """A job's row, and what the hub had seen before it was read."""

    def __init__(self, row: Job, position: Position | None) -> None:
        self.row = row
        self.position = position


class Loaders:
    """One set for one operation, or for one event of a subscription."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._pages: dict[Hashable, DataLoader[str, list[PsdLayer]]] = {}
        self._counts: dict[Hashable, DataLoader[str, int]] = {}
        self._remade: DataLoader[str, StoredObject | None] | None = None
        self._export_pages: dict[Hashable, DataLoader[str, list[PsdExport]]] = {}
        self._picture_pages: dict[Hashable, DataLoader[str, list[PsdExportPicture]]] = (
            {}
        )
        self._error_pages: dict[Hashable, DataLoader[str, list[ImportRowError]]] = {}

    @cached_property
    def users(self) -> DataLoader[str, User | None]:
        """People by id."""
        return by_key(self._container.get(UsersService).by_ids)

    @cached_property
    def files(self) -> DataLoader[str, SourceFile | None]:
        """Uploaded files by id."""
        return by_key(self._container.get(FilesService).get)

    @cached_property
    def objects(self) -> DataLoader[str, StoredObject | None]:
        """Stored results by id."""
        return by_key(self._container.get(FilesService).get_objects)

    @cached_property
    def jobs(self) -> DataLoader[str, JobRead | None]:
        """Jobs by id."""
        return by_key(self._read_jobs)

    @cached_property
    def retries(self) -> DataLoader[str, Job | None]:
        """The job that ran a job again, by the id of the first."""
        return by_key(self._container.get(JobsService).retries_of)

    @cached_property
    def dead_letters(self) -> DataLoader[str, DeadLetter | None]:
        """Dead letters by id."""
        return by_key(self._container.get(DeadLettersService).by_ids)

    @cached_property
    def documents(self) -> DataLoader[str, PsdDocument | None]:
        """PSD documents by id."""
        return by_key(self._container.get(PsdService).documents)

    @cached_property
    def layers(self) -> DataLoader[str, PsdLayer | None]:
        """PSD layers by id."""
        return by_key(self._container.get(PsdService).layers)

    def remade_previews(self, wait: bool) -> DataLoader[str, StoredObject | None]:
        """Previews made again, by the id of the document or layer."""
        if self._remade is None:
            remade = self._container.get(PreviewRequests).remade
            self._remade = by_key(lambda ids: remade(ids, wait=wait))
        return self._remade

    @cached_property
    def layers_of(self) -> DataLoader[str, list[PsdLayer]]:
        """All layers of a document, by the document's id."""
        return by_key(self._container.get(PsdService).layers_of, list)

    def layer_page(
        self, selection: LayerSelection, limit: int, after: int
    ) -> DataLoader[str, list[PsdLayer]]:
        """A page of a document's layers, by the document's id."""
        service = self._container.get(PsdService)
        key = (selection, limit, after)
        if key not in self._pages:
            self._pages[key] = by_key(
                lambda ids: service.layer_pages(ids, selection, limit, after), list
            )
        return self._pages[key]

    def layer_count(self, selection: LayerSelection) -> DataLoader[str, int]:
        """The number of a document's layers, by the document's id."""
        service = self._container.get(PsdService)
        if selection not in self._counts:
            self._counts[selection] = by_key(
                lambda ids: service.layer_counts(ids, selection), int
            )
        return self._counts[selection]

    @cached_property
    def exports(self) -> DataLoader[str, PsdExport | None]:
        """Exports by id."""
        return by_key(self._container.get(PsdExportsService).exports)

    @cached_property
    def export_pictures(self) -> DataLoader[str, PsdExportPicture | None]:
        """Exported pictures by id."""
        return by_key(self._container.get(PsdExportsService).pictures)

    @cached_property
    def export_count(self) -> DataLoader[str, int]:
        """The number of a document's exports, by the document's id."""
        return by_key(self._container.get(PsdExportsService).export_counts, int)

    @cached_property
    def picture_count(self) -> DataLoader[str, int]:
        """The number of an export's pictures, by the export's id."""
        return by_key(self._container.get(PsdExportsService).picture_counts, int)

    def export_page(
        self, limit: int, after: tuple[datetime, str] | None
    ) -> DataLoader[str, list[PsdExport]]:
        """A page of a document's exports, newest first, by the document's id."""
        service, key = self._container.get(PsdExportsService), (limit, after)
        if key not in self._export_pages:
            self._export_pages[key] = by_key(
                lambda ids: service.export_pages(ids, limit, after), list
            )
        return self._export_pages[key]

    def picture_page(
        self, limit: int, after: int
    ) -> DataLoader[str, list[PsdExportPicture]]:
        """A page of an export's pictures, by the export's id."""
        service, key = self._container.get(PsdExportsService), (limit, after)
        if key not in self._picture_pages:
            self._picture_pages[key] = by_key(
                lambda ids: service.picture_pages(ids, limit, after), list
            )
        return self._picture_pages[key]

    @cached_property
    def imports(self) -> DataLoader[str, ImportRecord | None]:
        """Imports by id."""
        return by_key(self._container.get(DataImportService).records)

    @cached_property
    def earlier_imports(self) -> DataLoader[str, ImportRecord | None]:
        """The import of the same file before, by the id of the later one."""
        return by_key(self._container.get(DataImportService).earlier_imports)

    @cached_property
    def import_errors(self) -> DataLoader[str, ImportRowError | None]:
        """Rejected rows' errors by id."""
        return by_key(self._container.get(DataImportService).errors)

    @cached_property
    def import_error_count(self) -> DataLoader[str, int]:
        """The number of an import's errors, by the import's id."""
        return by_key(self._container.get(DataImportService).error_counts, int)

    def import_error_page(
        self, limit: int, after: tuple[int, int] | None
    ) -> DataLoader[str, list[ImportRowError]]:
        """A page of an import's errors, by the import's id."""
        service, key = self._container.get(DataImportService), (limit, after)
        if key not in self._error_pages:
            self._error_pages[key] = by_key(
                lambda ids: service.error_pages(ids, limit, after), list
            )
        return self._error_pages[key]

    @cached_property
    def datasets(self) -> DataLoader[str, Dataset | None]:
        """Datasets by id."""
        return by_key(self._container.get(DatasetsService).by_ids)

    async def _read_jobs(self, ids: Sequence[str]) -> dict[str, JobRead]:
        position = self._container.get(Hub).position
        rows = await self._container.get(JobsService).by_ids(ids)
        return {job_id: JobRead(row, position) for job_id, row in rows.items()}


def by_key[T, D](
    read: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]],
    default: Callable[[], D] = lambda: None,  # type: ignore[assignment,return-value]
) -> DataLoader[str, T | D]:
    """Make a loader from a function that reads many at once; `default` where one lacks."""

    async def load(keys: list[str]) -> list[T | D]:
        found = await read([key for key in keys if prefix_of(key) is not None])
        return [found[key] if key in found else default() for key in keys]

    return DataLoader(load)
