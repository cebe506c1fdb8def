"""What keeps a subscription from going on now, and is no end of it."""

from collections.abc import Iterable

from graphql import GraphQLError

from core.outages import is_outage
from resolvers.errors import innermost


class Interrupted(Exception):
    """An event could not be shown whole; later it can."""


def is_interruption(error: Exception) -> bool:
    """Tell whether a subscription should be resumed, and not given up."""
    if isinstance(error, Interrupted):
        return True
    if isinstance(error, GraphQLError):
        return is_outage(innermost(error))
    return is_outage(error)


def is_incomplete(errors: Iterable[GraphQLError]) -> bool:
    """Tell whether an event's result lacks what only an outage kept away."""
    return any(is_outage(innermost(error)) for error in errors)
