"""What the graph shows of each table: no column leaks, and none is forgotten."""

from typing import Final, NamedTuple

import pytest
from graphql import get_named_type, is_leaf_type, is_object_type
from sqlmodel import SQLModel
from strawberry.utils.str_converters import to_snake_case

from features.data_import.models import Dataset, ImportRecord, ImportRowError
from features.files.models import SourceFile, StoredObject
from features.jobs.models import DeadLetter, Job
from features.psd.models import PsdDocument, PsdExport, PsdExportPicture, PsdLayer
from features.users.models import User
from resolvers.root import schema


class Shown(NamedTuple):
    """A graph type's table, its columns that stay inside, and what is no column."""

    table: type[SQLModel]
    hidden: frozenset[str]
    derived: frozenset[str] = frozenset()


TYPES: Final = {
    "User": Shown(User, frozenset({"updated_at"})),
    "SourceFile": Shown(
        SourceFile,
        frozenset(
            {
                "updated_at",
                "owner_id",
                "announced_sha256",
                "recorded_status",
                "storage_key",
                "upload_expires_at",
            }
        ),
        frozenset({"status"}),
    ),
    "Image": Shown(
        StoredObject,
        frozenset({"id", "key", "sha256", "created_at", "owner_id"}),
        frozenset({"url"}),
    ),
    "Artifact": Shown(
        StoredObject,
        frozenset({"id", "key", "created_at", "width", "height", "owner_id"}),
        frozenset({"url"}),
    ),
    "Job": Shown(
        Job,
        frozenset(
            {
                "updated_at",
                "owner_id",
                "mutation",
                "idempotency_key",
                "input",
                "task_name",
                "start_cursor",
                "job_seq",
                "admitted",
                "claim",
                "handed_back",
                "run_after",
                "heartbeat_at",
                "result_type",
                "result_id",
            }
        ),
        frozenset({"cursor"}),
    ),
    "DeadLetter": Shown(DeadLetter, frozenset({"job_id"})),
    "PsdDocument": Shown(
        PsdDocument,
        frozenset(
            {
                "updated_at",
                "owner_id",
                "job_id",
                "file_id",
                "image_id",
                "preview_id",
                "previews_published",
                "previews_asked_at",
                "engine_version",
            }
        ),
    ),
    "PsdExport": Shown(
        PsdExport,
        frozenset(
            {"updated_at", "document_id", "job_id", "archive_name", "archive_id"}
        ),
    ),
    "PsdExportedPicture": Shown(
        PsdExportPicture,
        frozenset({"id", "export_id", "index", "layer_id", "image_id"}),
    ),
    "ImportRecord": Shown(
        ImportRecord,
        frozenset(
            {
                "updated_at",
                "owner_id",
                "job_id",
                "file_id",
                "dataset_id",
                "first_id",
                "stored_at",
                "report_name",
                "report_id",
            }
        ),
    ),
    "ImportError": Shown(ImportRowError, frozenset({"import_id", "position"})),
    "Dataset": Shown(Dataset, frozenset({"updated_at", "owner_id", "table_name"})),
    "PsdLayer": Shown(
        PsdLayer,
        frozenset(
            {
                "created_at",
                "updated_at",
                "document_id",
                "parent_index",
                "left",
                "top",
                "width",
                "height",
                "image_id",
                "preview_id",
                "embedded_id",
            }
        ),
    ),
}


def _fields(type_name: str, *, leaves: bool) -> set[str]:
    """Return a graph type's fields in Python's spelling, all or the scalars alone."""
    found = schema._schema.type_map[type_name]
    assert is_object_type(found)
    return {
        to_snake_case(name)
        for name, field in found.fields.items()
        if not leaves or is_leaf_type(get_named_type(field.type))
    }


@pytest.mark.parametrize("type_name", TYPES)
def test_each_column_is_shown_or_hidden_on_purpose(type_name: str) -> None:
    shown = TYPES[type_name]
    columns = set(shown.table.model_fields)
    assert columns - _fields(type_name, leaves=False) == shown.hidden


@pytest.mark.parametrize("type_name", TYPES)
def test_each_scalar_is_a_column_or_derived_on_purpose(type_name: str) -> None:
    shown = TYPES[type_name]
    columns = set(shown.table.model_fields)
    assert _fields(type_name, leaves=True) - columns == shown.derived


def test_every_node_is_listed() -> None:
    node = schema._schema.type_map["Node"]
    nodes = {
        name
        for name, found in schema._schema.type_map.items()
        if is_object_type(found) and node in found.interfaces
    }
    assert nodes <= set(TYPES)
