"""The console: the caller's jobs, live, at ``/``."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resolvers.http.pages import page, policy


def console_routes() -> list[Route]:
    """Return the route of the page."""
    return [Route("/", _console)]


async def _console(request: Request) -> Response:
    return page("console.html", "The console", policy())
