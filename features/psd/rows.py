"""From what the parsing process tells to what PostgreSQL can hold."""

from typing import Any, Final

import msgspec

from core.base import new_id, utc_now
from core.outbox import OutboxRow, OutboxStream
from events.schemas import EventBody, encode
from events.subjects import PREVIEW_PUBLISHED
from features.psd.models import PsdDocument
from features.psd.utils import Document, Layer

_NO_PICTURES: Final = {"image_id": None, "preview_id": None, "embedded_id": None}


def document_columns(document: Document) -> dict[str, Any]:
    """Return a document's own columns."""
    columns = msgspec.structs.asdict(document)
    del columns["layers"]
    return {name: _storable(_plain(value)) for name, value in columns.items()}


def layer_row(layer_id: str, document: PsdDocument, layer: Layer) -> dict[str, Any]:
    """Return a layer's row; structs as the graph shows them.

    It is no PsdLayer: thousands of those would hold the event loop up.
    """
    columns = msgspec.structs.asdict(layer)
    return {
        **_NO_PICTURES,
        "id": layer_id,
        "document_id": document.id,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        **{name: _storable(_plain(value)) for name, value in columns.items()},
    }


def previews_published(document: PsdDocument) -> OutboxRow:
    """Return the event that a document's previews can be shown."""
    event_id = new_id("event")
    body = EventBody(
        event_id=event_id,
        timestamp=utc_now(),
        task_id=event_id,
        status=PREVIEW_PUBLISHED.status,
        owner=document.owner_id,
        document_id=document.id,
    )
    subject = PREVIEW_PUBLISHED.subject(document.id)
    return OutboxRow(OutboxStream.EVENTS, subject, encode(body), message_id=event_id)


def _plain(value: Any) -> Any:
    """Make dictionaries of structs."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.asdict(value)
        return {name: _plain(inner) for name, inner in fields.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _storable(value: Any) -> Any:
    """Drop what PostgreSQL cannot hold in a text: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value
