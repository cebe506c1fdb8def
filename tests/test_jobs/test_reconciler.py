"""Workers after an outage are left their jobs; what a handler missed is repeated."""

from datetime import timedelta

import pytest

from core.base import new_id
from core.config import Settings
from core.database_async import Database
from core.storage import Storage, make_storage
from features.files.models import SourceFile
from features.jobs.reconciler import Reconciler
from features.psd.models import PsdDocument
from features.psd.previews import PsdPreviews
from tests.test_jobs.bench import ADMINISTRATOR, Bench

NOWHERE = Database("postgresql://nobody@127.0.0.1:1/nothing")


async def look(bench: Bench, reconciler: Reconciler, *clock: float) -> list[int]:
    """Look once at each of these seconds; return how many jobs each look took over."""
    taken: list[int] = []
    for seconds in clock:
        assert reconciler._looked_at and reconciler._watching_since
        now = await bench.clock()
        past = (now - reconciler._looked_at).total_seconds()
        shift = timedelta(seconds=seconds - past)
        reconciler._looked_at -= shift
        reconciler._watching_since -= shift
        taken.append(await reconciler.watch_workers())
    return taken


async def test_a_silent_worker_is_given_time_from_the_first_look_on(
    bench: Bench,
) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await bench.silence(job_id, 60)
    reconciler = bench.container.get(Reconciler)

    assert await reconciler.watch_workers() == 0
    assert await look(bench, reconciler, 5, 5, 5) == [0, 0, 0]
    assert (await bench.job(job_id)).status == "RUNNING"
    assert await look(bench, reconciler, 5) == [1]
    assert (await bench.job(job_id)).status == "QUEUED"
    assert await look(bench, reconciler, 5) == [0]
    await delivery.forget()


@pytest.mark.parametrize("gap", [9.5, 40])
async def test_after_an_outage_time_is_given_again(bench: Bench, gap: float) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    reconciler = bench.container.get(Reconciler)
    await reconciler.watch_workers()
    assert await look(bench, reconciler, 8, 8, 8) == [0, 0, 0]
    await bench.silence(job_id, 60)

    assert await look(bench, reconciler, gap, 8, 8) == [0, 0, 0]
    assert await look(bench, reconciler, 8) == [1]
    await delivery.forget()


async def test_a_look_that_fails_counts_as_an_outage(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    reconciler = bench.container.get(Reconciler)
    await reconciler.watch_workers()
    assert await look(bench, reconciler, 8, 8, 8) == [0, 0, 0]
    await bench.silence(job_id, 60)
    database, reconciler._database = reconciler._database, NOWHERE
    with pytest.raises(OSError):
        await reconciler.watch_workers()
    reconciler._database = database

    assert await reconciler.watch_workers() == 0
    assert await look(bench, reconciler, 8, 8) == [0, 0]
    assert await look(bench, reconciler, 8) == [1]
    await delivery.forget()


async def _document(bench: Bench, job_id: str) -> str:
    """Store a document of the job, its previews not published; return its id."""
    file = SourceFile(
        owner_id=ADMINISTRATOR.user_id,
        filename="a.psd",
        content_type="image/vnd.adobe.photoshop",
        size=1,
        storage_key=f"files/{new_id('file')}",
        upload_expires_at=await bench.clock(),
    )
    document = PsdDocument(
        id=new_id("psd"),
        owner_id=ADMINISTRATOR.user_id,
        job_id=job_id,
        file_id=file.id,
        width=1,
        height=1,
        color_mode="RGB",
        bit_depth=8,
        is_large=False,
        layer_count=0,
        fonts=[],
    )
    async with bench.database.transaction() as session:
        session.add(file)
        await session.flush()
        session.add(document)
    return document.id


async def test_previews_that_nobody_published_are_published_once(bench: Bench) -> None:
    storage = make_storage(Settings(secret_key="of the tests alone"))
    bench.container.give(Storage, storage)  # type: ignore[type-abstract]
    previews = bench.container.get(PsdPreviews)
    ages = {"SUCCEEDED": 61, "RUNNING": 90, "FAILED": 90, "CANCELED": 90, "": 30}
    documents: dict[str, str] = {}
    for status, seconds in ages.items():
        job_id = (await bench.start()).id
        documents[status] = await _document(bench, job_id)
        await bench.execute(
            "update jobs set status = :status, finished_at = clock_timestamp() - "
            "make_interval(secs => :seconds) where id = :id",
            status=status or "SUCCEEDED",
            seconds=seconds,
            id=job_id,
        )

    assert [await previews.publish_missed() for _ in range(2)] == [1, 0]
    async with bench.database.transaction() as session:
        published = {
            status: (await session.get_one(PsdDocument, one)).previews_published
            for status, one in documents.items()
        }
    assert published == {status: status == "SUCCEEDED" for status in ages}
    events = await bench.dead_letter_events()
    assert [(subject, body.document_id) for subject, body in events] == [
        ("events.psd.preview.published", documents["SUCCEEDED"])
    ]
