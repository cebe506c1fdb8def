"""The part of the checker that is about effects: rows, pictures, what a handler did."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from tests.chaos.designs import Effects
from tests.chaos.facts import DocumentRow, Facts, LayerRow

PUBLISHED: Final = "events.psd.preview.published"


def _documents(facts: Facts) -> Iterator[str]:
    """A completed parse has left one document with all its layers and pictures."""
    accepted = {one.job_id: one.effects for one in facts.accepted}
    succeeded = [row for row in facts.jobs if row.status == "SUCCEEDED"]
    by_job = defaultdict(list)
    for document in facts.documents:
        by_job[document.job_id].append(document)
    by_document = defaultdict(list)
    for layer in facts.layers:
        by_document[layer.document_id].append(layer)
    for row in succeeded:
        effects = accepted.get(row.id)
        documents = by_job[row.id]
        if effects is None:
            continue
        if [document.id for document in documents] != [row.result_id]:
            yield f"{row.id}: {len(documents)} documents; its result is {row.result_id}"
            continue
        layers = by_document[documents[0].id]
        for fault in _document_faults(documents[0], layers, effects):
            yield f"{row.id}: {fault}"


def _document_faults(
    document: DocumentRow, layers: list[LayerRow], effects: Effects
) -> Iterator[str]:
    indexes = Counter(layer.number for layer in layers)
    if indexes != Counter(range(effects.layers)):
        yield f"{len(layers)} layers of {effects.layers}: {sorted(indexes.elements())}"
    if document.layer_count != effects.layers:
        yield f"its document tells of {document.layer_count} layers"
    if _has_pictures(document) != effects.has_picture:
        yield "its document's pictures are missing, or were not asked for"
    pictured = {layer.number for layer in layers if _has_pictures(layer)}
    if pictured != effects.pictured:
        wrong = sorted(pictured ^ effects.pictured)
        yield f"pictures of layers are missing, or were not asked for: {wrong}"


def _has_pictures(row: DocumentRow | LayerRow) -> bool:
    return row.image_id is not None and row.preview_id is not None


def _objects(facts: Facts) -> Iterator[str]:
    """Each object has a row that is named; each named row has its object, as written.

    Only an image that its owner's layers share is named more than once.
    """
    rows = {row.id: row for row in facts.objects}
    names: Counter[str] = Counter()
    naming: list[DocumentRow | LayerRow] = [*facts.documents, *facts.layers]
    for named in naming:
        names.update(one for one in (named.image_id, named.preview_id) if one)
    for object_id, number in names.items():
        if object_id not in rows:
            yield f"{object_id} is named and has no row"
        elif number > 1 and rows[object_id].owner_id is None:
            yield f"{object_id} is named {number} times"
    for row in facts.objects:
        if row.id not in names:
            yield f"{row.key}: an orphan: no row names it"
        if row.key not in facts.stored:
            yield f"{row.key}: its object is missing"
        elif facts.stored[row.key] != row.sha256:
            yield f"{row.key}: its bytes are not those that were stored"
    for key in sorted(facts.stored.keys() - {row.key for row in facts.objects}):
        yield f"{key}: an orphan: it has no row"


def _published(facts: Facts) -> Iterator[str]:
    """The handler has published each completed parse's previews once."""
    results = [row.result_id for row in facts.jobs if row.status == "SUCCEEDED"]
    due = Counter(result for result in results if result is not None)
    told = Counter(one.id for one in facts.other_events if one.subject == PUBLISHED)
    for document_id in sorted(due.keys() | told.keys()):
        if due[document_id] != told[document_id]:
            yield (
                f"{document_id}: published {told[document_id]} times, "
                f"{due[document_id]} are due"
            )


def _tasks(facts: Facts) -> Iterator[str]:
    """No claim of a test's task began twice, and none was done twice."""
    begun = Counter(
        (one.job_id, one.claim) for one in facts.effects if one.word == "begun"
    )
    for (job_id, claim), number in begun.items():
        if number > 1:
            yield f"{job_id}: claim {claim} began {number} times"
    done = Counter(one.job_id for one in facts.effects if one.word == "done")
    ended = {row.id for row in facts.jobs if row.status == "SUCCEEDED"}
    for job_id, number in done.items():
        if number > 1:
            yield f"{job_id}: done {number} times"
        if job_id not in ended:
            yield f"{job_id}: done, and the job has not SUCCEEDED"


EFFECT_CHECKS: Final = (_documents, _objects, _published, _tasks)
