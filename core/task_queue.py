"""The work queue's messages: TaskIQ's own format, one subject for each job."""

from typing import Final

from nats.aio.client import Client
from taskiq import TaskiqMessage

TASK_STREAM: Final = "TASKS"
TASK_SUBJECT: Final = "tasks.default"


def task_subject(job_id: str) -> str:
    """Return the subject of a job's task: the work queue can be asked for it."""
    return f"{TASK_SUBJECT}.{job_id}"


async def queued_jobs(client: Client) -> frozenset[str]:
    """Return the ids of the jobs with a task in the work queue, waiting or at work."""
    jetstream = client.jetstream(timeout=5)
    info = await jetstream.stream_info(TASK_STREAM, subjects_filter=task_subject("*"))
    return frozenset(one.rpartition(".")[2] for one in info.state.subjects or ())


def task_message(task_name: str, job_id: str) -> bytes:
    """Return TaskIQ's message that runs a task for one job; its task id is the job's."""
    message = TaskiqMessage(
        task_id=job_id,
        task_name=task_name,
        labels={},
        labels_types={},
        args=[job_id],
        kwargs={},
    )
    return message.model_dump_json().encode()
