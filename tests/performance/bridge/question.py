"""What every socket asks, and the events that every server answers it with."""

import json
from typing import Any, Final

JOB_EVENTS: Final = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    ... on JobProgressed { progress { done fraction stage message } }
  }
}
"""
OPERATION_ID: Final = "1"
STAGE: Final = "layers"
# As long as OneManage's own are.
CURSOR: Final = "A" * 101


def fraction(number: int) -> float:
    """Return the fraction that a job has reached with its event of that number."""
    return number / 100_000


def progressed(number: int, message: str | None = None) -> dict[str, Any]:
    """Return an event as servers send it that have no event log; `done` numbers it."""
    progress = {
        "done": number,
        "fraction": fraction(number),
        "stage": STAGE,
        "message": message,
    }
    return {"__typename": "JobProgressed", "cursor": CURSOR, "progress": progress}


def snapshot() -> dict[str, Any]:
    """Return what a subscription begins with."""
    return {"__typename": "JobSnapshot", "cursor": CURSOR}


def next_message(event: dict[str, Any]) -> bytes:
    """Return an event as the `next` message of graphql-transport-ws."""
    payload = {"data": {"jobEvents": event}}
    message = {"id": OPERATION_ID, "type": "next", "payload": payload}
    return json.dumps(message, separators=(",", ":")).encode()
