"""GraphiQL: the page that a browser gets at ``/graphql``."""

from starlette.responses import HTMLResponse

from resolvers.http.pages import page, policy


def graphiql_page() -> HTMLResponse:
    """Return the page for a browser's ``GET /graphql``; 503 where it is not built."""
    return page("index.html", "GraphiQL", _with_monaco(policy()))


def _with_monaco(policy: dict[str, list[str]]) -> dict[str, list[str]]:
    """Allow inline styles, fonts in the style sheet and workers from blobs, too."""
    return policy | {
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "img-src": [*policy["img-src"], "blob:"],
    }
