"""Rows as a hundred parses would have left them, and as many dead letters."""

from collections.abc import Sequence
from datetime import timedelta

from core.base import derived_id, new_id, utc_now
from core.database_async import Database
from features.data_import import crud as import_crud
from features.data_import.models import ImportRecord
from features.data_import.utils.types import ErrorKind, RowError
from features.files.models import SourceFile, StoredObject
from features.jobs.models import DeadLetter, Job
from features.psd import crud, export_crud
from features.psd.models import (
    Pictures,
    PsdDocument,
    PsdExport,
    PsdExportPicture,
    PsdLayer,
)
from features.users.models import LOCAL_ADMINISTRATOR_ID


async def add_documents(database: Database, number: int, layers: int) -> list[Job]:
    """Store documents with `layers` layers each, all with image and preview.

    Each has an export of its first layer.

    Return the jobs that made them.
    """
    made = [_Made(layers) for _ in range(number)]
    async with database.transaction() as session:
        session.add_all(row for one in made for row in (one.job, one.file))
        session.add_all(stored for one in made for stored in one.objects)
        await session.flush()
        for one in made:
            await crud.save_structure(
                session, one.document, [layer.model_dump() for layer in one.layers]
            )
            await export_crud.save_export(session, one.export)
            await export_crud.save_pictures(session, [one.picture])
    return [one.job for one in made]


async def add_dead_letters(
    database: Database, jobs: Sequence[Job | None]
) -> list[DeadLetter]:
    """Store a dead letter for each job, three at each moment; newest first."""
    now = utc_now()
    letters = [
        DeadLetter(
            at=now - timedelta(minutes=number // 3),
            job_id=job.id if job is not None else None,
            reason=f"reason {number}",
            message=f"message {number}",
        )
        for number, job in enumerate(jobs)
    ]
    async with database.transaction() as session:
        session.add_all(letters)
    return sorted(letters, key=lambda one: (one.at, one.id), reverse=True)


async def add_imports(database: Database, number: int) -> None:
    """Store imports of the same bytes into orders, each with a report and two errors."""
    async with database.transaction() as session:
        for _ in range(number):
            job, file, report = _job(), _file(), _stored()
            file.sha256 = "0" * 64
            session.add_all([job, file, report])
            await session.flush()
            record = ImportRecord(
                id=derived_id("import", job.id, "import"),
                owner_id=LOCAL_ADMINISTRATOR_ID,
                job_id=job.id,
                file_id=file.id,
                target="orders",
                mode="APPEND",
                rows_rejected=2,
                stored_at=utc_now(),
                report_name="page - rejected rows.csv",
                report_id=report.id,
            )
            session.add(record)
            await session.flush()
            await import_crud.save_errors(session, record.id, _ROW_ERRORS)


_ROW_ERRORS = [
    RowError(row, 1, "amount", "x", ErrorKind.NOT_A_NUMBER, "No number.")
    for row in (2, 3)
]


class _Made:
    """One document with all that hangs on it."""

    def __init__(self, layers: int) -> None:
        self.job, self.file = _job(), _file()
        self.objects: list[StoredObject] = []
        self.document = _document(self.job, self.file, layers, self._pictures())
        self.layers = [
            _layer(self.document, index, self._pictures()) for index in range(layers)
        ]

        self.export = _export(self.job, self.document, self._pictures().image_id)
        self.picture = _picture(
            self.export, self.layers[0].id, self._pictures().image_id
        )

    def _pictures(self) -> Pictures:
        image, preview = _stored(), _stored()
        self.objects += [image, preview]
        return Pictures(image.id, preview.id)


def _stored() -> StoredObject:
    return StoredObject(
        key=new_id("object"),
        content_type="image/png",
        size=1,
        sha256="0" * 64,
        width=8,
        height=8,
    )


def _job() -> Job:
    return Job(
        kind="PSD_PARSE",
        owner_id=LOCAL_ADMINISTRATOR_ID,
        mutation="parsePsd",
        input={},
        task_name="psd.parse_export",
        start_cursor="",
        status="SUCCEEDED",
        progress={},
        result_type="PsdDocument",
    )


def _file() -> SourceFile:
    file_id = new_id("file")
    return SourceFile(
        id=file_id,
        owner_id=LOCAL_ADMINISTRATOR_ID,
        filename="page.psd",
        content_type="image/vnd.adobe.photoshop",
        size=1,
        storage_key=f"files/{file_id}",
        upload_expires_at=utc_now(),
    )


def _document(
    job: Job, file: SourceFile, layers: int, pictures: Pictures
) -> PsdDocument:
    document_id = derived_id("psd", job.id, "document")
    job.result_id = document_id
    return PsdDocument(
        id=document_id,
        owner_id=LOCAL_ADMINISTRATOR_ID,
        job_id=job.id,
        file_id=file.id,
        width=8,
        height=8,
        color_mode="RGB",
        bit_depth=8,
        is_large=False,
        layer_count=layers,
        fonts=[],
        image_id=pictures.image_id,
        preview_id=pictures.preview_id,
    )


def _layer(document: PsdDocument, index: int, pictures: Pictures) -> PsdLayer:
    """Make a layer; the first is a group that all others are in."""
    return PsdLayer(
        id=derived_id("layer", document.id, str(index)),
        document_id=document.id,
        index=index,
        parent_index=0 if index else None,
        name=f"layer {index}",
        path=[f"layer {index}"],
        depth=min(index, 1),
        kind="PIXEL" if index else "GROUP",
        visible=True,
        opacity=1.0,
        blend_mode="normal",
        left=0,
        top=0,
        width=8,
        height=8,
        clipped=False,
        has_mask=False,
        has_vector_mask=False,
        effects=[],
        fidelity="EXACT",
        unsupported=[],
        image_id=pictures.image_id,
        preview_id=pictures.preview_id,
    )


def _export(job: Job, document: PsdDocument, archive_id: str) -> PsdExport:
    return PsdExport(
        id=derived_id("export", document.id, "export"),
        document_id=document.id,
        job_id=job.id,
        format="PNG",
        expires_at=utc_now() + timedelta(days=7),
        archive_name="page.zip",
        archive_id=archive_id,
    )


def _picture(export: PsdExport, layer_id: str, image_id: str) -> PsdExportPicture:
    return PsdExportPicture(
        id=derived_id("picture", export.id, "0"),
        export_id=export.id,
        index=0,
        layer_id=layer_id,
        name="layer 0.png",
        scale=1.0,
        fidelity="EXACT",
        unsupported=[],
        image_id=image_id,
    )
