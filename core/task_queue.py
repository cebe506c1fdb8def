"""The work queue's messages: TaskIQ's own format, one subject for what each works on.

That is a job, or a document whose previews are made again: both have public ids.
"""

import json
from enum import StrEnum
from typing import Final

from nats.aio.client import Client
from nats.js.errors import APIError
from taskiq import TaskiqMessage

TASK_STREAM: Final = "TASKS"


class TaskPriority(StrEnum):
    """Which tasks go first: those that somebody waits for."""

    INTERACTIVE = "interactive"
    BULK = "bulk"

    @property
    def filter(self) -> str:
        """Return the filter that covers all tasks of this priority."""
        return task_subject(self, "*")

    @property
    def consumer(self) -> str:
        """Return the name of the durable consumer that all workers share."""
        return f"workers_{self.value}"


def task_subject(priority: TaskPriority, public_id: str) -> str:
    """Return the subject of a job's or a document's task.

    The work queue can be asked for it.
    """
    return f"tasks.{priority.value}.{public_id}"


async def queued_ids(client: Client) -> frozenset[str]:
    """Return the public ids with a task in the work queue, waiting or at work.

    Jobs' and documents' alike; nats errors where it cannot be asked.
    """
    ids: set[str] = set()
    for priority in TaskPriority:
        ids |= await _queued_ids(client, priority)
    return frozenset(ids)


async def _queued_ids(client: Client, priority: TaskPriority) -> set[str]:
    """Ask page by page: the server tells at most 100,000 subjects at once."""
    ids: set[str] = set()
    offset = 0
    while True:
        subjects, total = await _queued_subjects(client, priority, offset)
        ids.update(subject.rpartition(".")[2] for subject in subjects)
        offset += len(subjects)
        if not subjects or offset >= total:
            return ids


async def _queued_subjects(
    client: Client, priority: TaskPriority, offset: int
) -> tuple[list[str], int]:
    """Return a page of the work queue's subjects, and how many there are in all."""
    asked = {"subjects_filter": priority.filter, "offset": offset}
    answer = await client.request(
        f"$JS.API.STREAM.INFO.{TASK_STREAM}", json.dumps(asked).encode(), timeout=10
    )
    info = json.loads(answer.data)
    if "error" in info:
        raise APIError.from_error(info["error"])
    return list(info["state"].get("subjects") or ()), info.get("total", 0)


def task_message(task_name: str, public_id: str) -> bytes:
    """Return TaskIQ's message that runs a task for one job or document.

    Its task id is the public id of what it is for, and so is its only argument.
    """
    message = TaskiqMessage(
        task_id=public_id,
        task_name=task_name,
        labels={},
        labels_types={},
        args=[public_id],
        kwargs={},
    )
    return message.model_dump_json().encode()
