"""A job's events, followed over as many sockets as it takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from workers.demo.api import messages_of
from workers.demo.errors import DemoError
from workers.demo.graphql_ws import Dropped, Refused, subscribe
from workers.demo.queries import JOB_EVENTS

Json = dict[str, Any]

TERMINAL: Final = frozenset({"JobSucceeded", "JobFailed", "JobCanceled"})
_TRIES: Final = 8
_FIRST_WAIT_SECONDS: Final = 0.25


async def follow_job(
    base_url: str, job_id: str, cursor: str
) -> AsyncGenerator[Json, None]:
    """Yield what happens to a job after a cursor, up to and with its end.

    A socket that drops is followed by another, from the last event's cursor on.
    """
    url = base_url.replace("http", "ws", 1).rstrip("/") + "/graphql"
    failures = 0
    while True:
        variables = {"id": job_id, "after": cursor}
        try:
            async with aclosing(subscribe(url, JOB_EVENTS, variables)) as results:
                async for result in results:
                    event = _event_of(result)
                    cursor, failures = event["cursor"], 0
                    yield event
                    if event["__typename"] in TERMINAL:
                        return
            reason = "it completed before the job had ended"
        except Refused as error:
            raise _lost(job_id, str(error)) from error
        except Dropped as error:
            reason = str(error)
        failures += 1
        if failures >= _TRIES:
            raise _lost(job_id, reason)
        await asyncio.sleep(_FIRST_WAIT_SECONDS * 2 ** (failures - 1))


def _event_of(result: Json) -> Json:
    data = result.get("data")
    if not data or result.get("errors"):
        raise Refused(messages_of(result))
    event: Json = data["jobEvents"]
    return event


def _lost(job_id: str, reason: str) -> DemoError:
    return DemoError(
        f"The subscription to {job_id} failed: {reason}",
        "The job itself goes on: watch it in the console at /, or in GraphiQL.",
    )
