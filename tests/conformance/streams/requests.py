"""What the clients of every transport ask for."""

from typing import Any

from tests.integration.watching import JOB_EVENTS

UNKNOWN = {
    "query": JOB_EVENTS,
    "variables": {"id": "job_00000000000070008000000000000009"},
}
INVALID = {"query": "subscription { nothing }"}
VIEWER = {"query": "{ viewer { __typename } }"}
SEEN = {"data": {"viewer": {"__typename": "User"}}}


def is_not_found(errors: list[Any]) -> bool:
    """Tell whether errors are what the gateway says of an unknown job."""
    (error,) = errors
    code, message = error["extensions"]["code"], error["message"]
    return bool((code, message) == ("NOT_FOUND", "There is no such job."))
