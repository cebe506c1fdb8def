"""Maintenance: jobs whose message is gone come back; what has had its time goes."""

import os
import time
from datetime import timedelta
from pathlib import Path

from core.base import new_id, utc_now
from core.config import Settings
from core.storage import DiskStorage, make_storage
from core.task_queue import TaskPriority, task_subject
from features.files.models import StoredObject
from features.jobs.reconciler import Reconciler
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_jobs.plant import SECRET, Site, until

DAY = 86400.0


async def grow_old(site: Site) -> None:
    """Let all jobs have waited for a minute."""
    await site.bench.execute(
        "update jobs set updated_at = now() - interval '1 min', run_after = null"
    )


async def test_a_queued_job_without_a_message_is_enqueued_again(site: Site) -> None:
    jetstream = site.client.jetstream()
    reconciler = Reconciler(site.bench.database, site.transactions, site.client)
    job_id = await site.start("tests.sleep")
    await site.outbox_empties()
    assert await site.waiting_tasks() == 1
    await grow_old(site)
    assert await reconciler.enqueue_lost() == 0

    await jetstream.purge_stream("TASKS")
    new = await site.start("tests.sleep")
    await site.outbox_empties()
    await jetstream.purge_stream("TASKS")
    assert await reconciler.enqueue_lost() == 1
    await site.outbox_empties()
    assert await site.waiting_tasks() == 1
    await grow_old(site)
    document = task_subject(TaskPriority.INTERACTIVE, new_id("psd"))
    await jetstream.publish(document, b"for a document, and no job's")
    assert await reconciler.enqueue_lost() == 1
    assert await reconciler.enqueue_lost() == 0

    assert await site.statuses(job_id) == ["queued"]
    for canceled in (job_id, new):
        await site.bench.jobs.cancel(ADMINISTRATOR, canceled)
    await site.outbox_empties()
    await jetstream.purge_stream("TASKS")
    await grow_old(site)
    assert await reconciler.enqueue_lost() == 0


async def test_the_process_sweeps_what_has_had_its_time(
    site: Site, tmp_path: Path
) -> None:
    data_dir = site.plant.data_dir
    storage = make_storage(Settings(data_dir=data_dir, secret_key=SECRET))
    assert isinstance(storage, DiskStorage)
    old = await _store(site, storage, tmp_path, "jobs/old/1/preview", -1)
    kept = await _store(site, storage, tmp_path, "jobs/kept/1/preview", 3600)
    async with storage.incoming("uploads/abandoned") as incoming:
        await incoming.write(b"half")
        [abandoned] = (data_dir / "objects" / ".incoming").iterdir()
        async with storage.incoming("uploads/under-way") as under_way:
            await under_way.write(b"half")
            os.utime(abandoned, (time.time() - 2 * DAY,) * 2)
            with site.plant.program("-m", "workers.maintenance"):
                await until(lambda: _are_swept(site, abandoned))
            assert await storage.stat(old.key) is None
            assert await storage.stat(kept.key) is not None
            await under_way.commit()
    assert await storage.stat("uploads/under-way") is not None


async def _store(
    site: Site, storage: DiskStorage, tmp_path: Path, key: str, seconds: float
) -> StoredObject:
    """Store an object with `seconds` to live."""
    source = tmp_path / "picture"
    source.write_bytes(b"pixels")
    await storage.put_file(key, source, "image/png")
    stored = StoredObject(
        key=key,
        content_type="image/png",
        size=6,
        sha256="0" * 64,
        expires_at=utc_now() + timedelta(seconds=seconds),
    )
    async with site.bench.database.transaction() as session:
        session.add(stored)
    return stored


async def _are_swept(site: Site, abandoned: Path) -> bool:
    left = await site.bench.count("stored_objects")
    return left == 1 and not abandoned.exists()
