"""What the clients of every transport ask for."""

from tests.integration.watching import JOB_EVENTS

UNKNOWN = {
    "query": JOB_EVENTS,
    "variables": {"id": "job_00000000000070008000000000000009"},
}
NOT_FOUND = {
    "message": "There is no such job.",
    "extensions": {"code": "NOT_FOUND"},
}
INVALID = {"query": "subscription { nothing }"}
VIEWER = {"query": "{ viewer { __typename } }"}
SEEN = {"data": {"viewer": {"__typename": "User"}}}
