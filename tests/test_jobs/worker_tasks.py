"""Tasks for tests, given to `taskiq worker` beside the broker.

Each notes in the file that its job's input names what it does, a line at a time.
"""

import asyncio
import os
from contextlib import aclosing

from taskiq import Context, TaskiqDepends, async_shared_broker

from core.broker import Settlement
from core.container import Container
from core.processes import ProcessPool
from features.jobs.run import JobRun, Report
from features.jobs.runner import Handler, JobRunner
from tests.test_jobs.spinning import spin


async def _run(job_id: str, context: Context, work: Handler) -> Settlement:
    container: Container = context.state.container
    return await container.get(JobRunner).run(job_id, work)


def _note(run: JobRun, word: str) -> None:
    job = run.job
    line = f"{job.id} {job.claim} {job.attempt} {os.getpid()} {word}\n"
    descriptor = os.open(job.input["notes"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, line.encode())
    os.close(descriptor)


@async_shared_broker.task(task_name="tests.sleep")
async def sleep(job_id: str, context: Context = TaskiqDepends()) -> Settlement:
    """Report progress for as many seconds as the input says."""

    async def work(run: JobRun) -> None:
        _note(run, "begun")
        for step in range(10):
            await asyncio.sleep(run.job.input["seconds"] / 10)
            await run.progress(Report("sleep", step + 1, 10, (step + 1) / 10))
        await run.succeed()
        _note(run, "done")

    return await _run(job_id, context, work)


@async_shared_broker.task(task_name="tests.spin")
async def spin_in_a_process(
    job_id: str, context: Context = TaskiqDepends()
) -> Settlement:
    """Keep a process of the pool busy."""
    container: Container = context.state.container

    async def work(run: JobRun) -> None:
        pool = container.get(ProcessPool)
        spinning = pool.stream(
            spin, run.job.input["seconds"], result_type=int, timeout=60.0
        )
        async with aclosing(spinning) as pids:
            async for pid in pids:
                _note(run, f"spins {pid}")

    return await _run(job_id, context, work)


@async_shared_broker.task(task_name="tests.poison")
async def poison(job_id: str, context: Context = TaskiqDepends()) -> Settlement:
    """Fail every time with an error that another attempt might mend."""

    async def work(run: JobRun) -> None:
        _note(run, "begun")
        raise ConnectionError("never works")

    return await _run(job_id, context, work)
