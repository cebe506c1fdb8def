"""Reading what a client asks for out of an HTTP request."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from resolvers.execution.request import OperationRequest
from resolvers.http.accept import JSON, is_utf8, parameters_of

_decode: Final = msgspec.json.Decoder().decode
_MAX_URL_PARAMETERS: Final = 100


class BadRequest(Exception):
    """A request that is none of GraphQL over HTTP: its status, and what to mend.

    `allow` names the methods that may be used instead.
    """

    def __init__(self, status: int, message: str, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.allow = allow


def check_content(content_type: str, content_encoding: str) -> None:
    """Raise BadRequest for all but JSON: what a browser's form can send, above all."""
    if content_type == JSON and not content_encoding:
        return
    name, parameters = parameters_of(content_type)
    if name != JSON:
        raise BadRequest(415, f"Send the request as JSON, with `Content-Type: {JSON}`.")
    if not is_utf8(parameters.get("charset", "utf-8")):
        raise BadRequest(415, "Send the request in UTF-8.")
    if content_encoding.lower() not in ("", "identity"):
        raise BadRequest(415, "Send the request without a Content-Encoding.")


def from_body(body: bytes) -> OperationRequest:
    """Read a POST's body; BadRequest where it holds no request."""
    given = _json(body, "The body")
    if isinstance(given, list):
        raise BadRequest(400, "Batching is off: send one operation in each request.")
    if not isinstance(given, dict):
        raise BadRequest(400, "The body must be a JSON object with a `query`.")
    return _request(given)


def from_url(query_string: bytes) -> OperationRequest:
    """Read a GET's URL; BadRequest where it holds no request."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_URL_PARAMETERS,
        )
    except ValueError:
        raise BadRequest(400, "The URL's parameters cannot be read.") from None
    given: dict[str, Any] = dict(pairs)
    if len(given) < len(pairs):
        raise BadRequest(400, "The URL gives a parameter more than once.")
    for name in ("variables", "extensions"):
        text = given.get(name)
        given[name] = _json(text.encode(), f"`{name}`") if text else None
    return _request(given)


def _request(given: Mapping[str, Any]) -> OperationRequest:
    query = given.get("query")
    if query is None or query == "":
        raise BadRequest(400, "The `query` is missing: send a GraphQL document.")
    name = given.get("operationName")
    _check("query", query, str)
    _check("operationName", name, str)
    if name is not None and not name.isascii():
        raise BadRequest(400, "`operationName` must be a GraphQL name.")
    return OperationRequest(
        query, _object(given, "variables"), name, _object(given, "extensions")
    )


def _object(given: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = given.get(name)
    _check(name, value, dict)
    return value


def _check(name: str, value: Any, kind: type[str] | type[dict[str, Any]]) -> None:
    if value is not None and not isinstance(value, kind):
        wanted = "a string" if kind is str else "an object"
        raise BadRequest(400, f"`{name}` must be {wanted}.")


def _json(text: bytes, what: str) -> Any:
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # It may still be JSON, with a number without bounds or half a surrogate pair.
    try:
        return json.loads(text.decode())
    except UnicodeDecodeError:
        raise BadRequest(400, f"{what} is not UTF-8.") from None
    except RecursionError:
        raise BadRequest(400, f"{what} is nested too deeply.") from None
    except ValueError as error:
        where = f" ({error})" if isinstance(error, json.JSONDecodeError) else ""
        raise BadRequest(400, f"{what} is not JSON{where}.") from None
