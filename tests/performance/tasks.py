"""A task that waits, or does nothing: what is measured is everything around it."""

import asyncio

from taskiq import Context, TaskiqDepends, async_shared_broker

from core.broker import Settlement
from core.container import Container
from features.jobs.run import JobRun
from features.jobs.runner import JobRunner

WAIT = "tests.wait"


@async_shared_broker.task(task_name=WAIT)
async def wait(job_id: str, context: Context = TaskiqDepends()) -> Settlement:
    """Wait for as many seconds as the input says; 0: do nothing."""
    container: Container = context.state.container

    async def work(run: JobRun) -> None:
        if seconds := run.job.input["seconds"]:
            await asyncio.sleep(seconds)

    return await container.get(JobRunner).run(job_id, work)
