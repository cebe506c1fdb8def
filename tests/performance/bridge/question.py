"""What every socket asks, and the events that every server answers it with."""

import json
from typing import Any, Final

JOB_EVENTS: Final = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    at
    ... on JobProgressed { progress { done fraction stage total } }
  }
}
"""
OPERATION_ID: Final = "1"
TOTAL: Final = 100_000
STAGE: Final = "layers"
# As long as OneManage's own are.
CURSOR: Final = "A" * 112
AT: Final = "2026-11-26T12:34:56.123456Z"


def fraction(number: int) -> float:
    """Return the fraction that a job has reached with its event of that number."""
    return number / TOTAL


def progressed(number: int) -> dict[str, Any]:
    """Return an event as servers send it that have no event log; `done` numbers it."""
    progress = {
        "done": number,
        "fraction": fraction(number),
        "stage": STAGE,
        "total": TOTAL,
    }
    return {
        "__typename": "JobProgressed",
        "cursor": CURSOR,
        "at": AT,
        "progress": progress,
    }


def snapshot() -> dict[str, Any]:
    """Return what a subscription begins with."""
    return {"__typename": "JobSnapshot", "cursor": CURSOR, "at": AT}


def next_message(event: dict[str, Any]) -> bytes:
    """Return an event as the `next` message of graphql-transport-ws."""
    payload = {"data": {"jobEvents": event}}
    message = {"id": OPERATION_ID, "type": "next", "payload": payload}
    return json.dumps(message, separators=(",", ":")).encode()
