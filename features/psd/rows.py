"""From what the parsing process tells to what PostgreSQL can hold."""

from typing import Any

import msgspec

from core.base import new_id, utc_now
from core.outbox import OutboxRow, OutboxStream
from events.schemas import EventBody, encode
from events.subjects import PREVIEW_PUBLISHED
from features.psd.models import PsdDocument
from features.psd.utils import Document, Effect, Layer, Text


def document_columns(document: Document) -> dict[str, Any]:
    """Return a document's own columns."""
    columns = msgspec.structs.asdict(document)
    del columns["layers"]
    return {name: _storable(value) for name, value in columns.items()}


def layer_columns(layer: Layer) -> dict[str, Any]:
    """Return a layer's own columns; text and effects as the graph shows them."""
    columns = msgspec.structs.asdict(layer)
    columns["text"] = _text(layer.text) if layer.text is not None else None
    columns["effects"] = [_effect(effect) for effect in layer.effects]
    return {name: _storable(value) for name, value in columns.items()}


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


def _text(text: Text) -> dict[str, Any]:
    runs = [msgspec.structs.asdict(run) for run in text.runs]
    return {"content": text.content, "runs": runs}


def _effect(effect: Effect) -> dict[str, Any]:
    return msgspec.structs.asdict(effect)


def _storable(value: Any) -> Any:
    """Drop what PostgreSQL cannot hold in a text: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value
