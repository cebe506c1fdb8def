"""What a client accepts: RFC 9110's Accept, for the media types that GraphQL knows."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
MULTIPART: Final = "multipart/mixed"
STREAMS: Final = (EVENT_STREAM, MULTIPART)

_UTF8: Final = ("utf-8", "utf8")
_LONGEST_KEPT: Final = 512


class Accepted(NamedTuple):
    """The media type for one answer and the one for a stream of them, if any."""

    single: str | None
    stream: str | None


class _Range(NamedTuple):
    """One of Accept's media ranges."""

    name: str
    quality: float
    charset: str

    def specificity(self, media_type: str) -> int:
        """Return how closely this names a media type; 0 for not at all."""
        if self.name == media_type:
            return 3
        if self.name.endswith("/*") and media_type.startswith(self.name[:-1]):
            return 2
        return int(self.name == "*/*")


def accepted(accept: str) -> Accepted:
    """Choose media types by an Accept header; an empty one accepts plain JSON."""
    if len(accept) > _LONGEST_KEPT:
        return _choose(accept)
    return _choose_once(accept)


def parameters_of(header: str) -> tuple[str, dict[str, str]]:
    """Split a header's value into its media type and parameters, in lower case."""
    name, *rest = header.split(";")
    given = (one.partition("=") for one in rest)
    parameters = {
        key.strip().lower(): value.strip().strip('"').lower() for key, _, value in given
    }
    return name.strip().lower(), parameters


def is_utf8(charset: str) -> bool:
    """Tell whether a `charset` parameter names the one encoding that JSON has."""
    return charset in _UTF8


def _choose(accept: str) -> Accepted:
    if not accept.strip():
        return Accepted(JSON, None)
    ranges = list(_ranges(accept))
    # Where a client has no preference, it gets what it named, and the newer of both;
    # one that accepts anything may not know the newer.
    ranked = [
        (quality, specificity, (name == GRAPHQL_RESPONSE) == (specificity == 3), name)
        for name in (GRAPHQL_RESPONSE, JSON)
        for quality, specificity in [_quality(name, ranges)]
        if quality > 0
    ]
    streams = [one for one in ranges if one.name in STREAMS and one.quality > 0]
    return Accepted(
        max(ranked)[-1] if ranked else None,
        max(streams, key=lambda one: one.quality).name if streams else None,
    )


_choose_once: Final = lru_cache(maxsize=256)(_choose)


def _ranges(accept: str) -> Iterator[_Range]:
    for one in accept.split(","):
        name, parameters = parameters_of(one)
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            continue
        yield _Range(name, quality, parameters.get("charset", "utf-8"))


def _quality(media_type: str, ranges: list[_Range]) -> tuple[float, int]:
    """Return a media type's quality, by the range that names it most closely."""
    specificity, quality = max(
        ((one.specificity(media_type), one.quality) for one in ranges if _fits(one)),
        default=(0, 0.0),
    )
    return (quality, specificity) if specificity else (0.0, 0)


def _fits(one: _Range) -> bool:
    return is_utf8(one.charset) or one.charset == "*"
