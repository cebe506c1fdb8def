"""Which stream, if any, a request's Accept header asks for."""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from core.security import Caller
from resolvers.http.event_stream import event_stream
from resolvers.http.multipart import multipart_incremental, multipart_subscription
from resolvers.operations import OperationRequest, Operations

type MakeStream = Callable[[Operations, OperationRequest, Caller, Request], Response]

_WEIGHT: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
_WILDCARDS: Final = ("*/*", "application/*")
_WHOLE: Final = (
    "application/graphql-response+json",
    "application/json",
    "text/html",
    *_WILDCARDS,
)


class _Choice(NamedTuple):
    """One media range that can be served; what compares greater is preferred."""

    weight: float
    is_specific: bool
    before: int
    stream: MakeStream | None


def chosen_stream(accept: str) -> MakeStream | None:
    """Return what makes the stream that is preferred; None for an answer in one piece.

    The greatest weight wins, then what is named before a wildcard, then what is named
    first. A wildcard never stands for a stream.
    """
    best = max(_choices(accept), default=None, key=lambda choice: choice[:3])
    return best.stream if best is not None else None


def _choices(accept: str) -> Iterator[_Choice]:
    for place, media_range in enumerate(accept.split(",")):
        name, *given = (part.strip().lower() for part in media_range.split(";"))
        parameters = dict(_parameter(one) for one in given)
        weight = parameters.get("q", "1")
        stream = _stream(name, parameters)
        if stream is None and name not in _WHOLE:
            continue
        if _WEIGHT.fullmatch(weight) and float(weight) > 0:
            yield _Choice(float(weight), name not in _WILDCARDS, -place, stream)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _stream(name: str, parameters: dict[str, str]) -> MakeStream | None:
    if name == "text/event-stream":
        return event_stream
    if name != "multipart/mixed":
        return None
    version = parameters.get("subscriptionspec", "")
    return multipart_subscription if version == "1.0" else multipart_incremental
