"""GraphiQL from this server alone: the page, its assets and what it may connect to."""

from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from core.config import Settings, get_settings

DIST = Path(__file__).parents[2] / "web" / "dist"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>OneManage · GraphiQL is not built yet</title>
<h1>GraphiQL is not built yet</h1>
<p>The GraphQL API works; only this page's own assets are missing.
Build them once, in the project's folder, and load this page again:</p>
<pre>make web/dist</pre>
<p>or, with Node.js 20.19 or newer:</p>
<pre>cd web &amp;&amp; npm ci &amp;&amp; npm run build</pre>
</html>
"""


class _HashedFiles(StaticFiles):
    """Files whose names change with their content, so that they never grow stale."""

    async def check_config(self) -> None:
        """Leave a missing directory to the lookup: the build may come later."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def graphiql_routes() -> list[Mount]:
    """Return the routes of the page's assets, below ``/graphql/assets``."""
    assets = _HashedFiles(directory=DIST / "assets", check_dir=False)
    return [Mount("/graphql/assets", app=assets, name="graphiql-assets")]


def graphiql_page() -> HTMLResponse:
    """Return the page for a browser's ``GET /graphql``; 503 where it is not built."""
    try:
        html, status = (DIST / "index.html").read_text("utf-8"), 200
    except FileNotFoundError:
        html, status = _NOT_BUILT, 503
    return HTMLResponse(html, status, headers=_page_headers(get_settings()))


def _page_headers(settings: Settings) -> dict[str, str]:
    return {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": content_security_policy(settings),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def content_security_policy(settings: Settings) -> str:
    """Name all that the page may load: this server, and the S3 store where one is used.

    Monaco needs inline styles, fonts in its style sheet and workers from blobs.
    """
    own = settings.base_url
    # The signed URLs name this address, also where the page was opened by another,
    # and not every browser counts a WebSocket as 'self'.
    connect = ["'self'", own, own.replace("http", "ws", 1), *_store_origins(settings)]
    images = ["'self'", own, "data:", "blob:", *_store_origins(settings)]
    directives = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": connect,
        "img-src": images,
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(of)}" for name, of in directives.items())


def _store_origins(settings: Settings) -> list[str]:
    """Return the origins that presigned URLs may have, by either addressing style."""
    if not settings.uses_s3:
        return []
    url = urlsplit(settings.s3_public_endpoint_url or settings.s3_endpoint_url)
    path_style = f"{url.scheme}://{url.netloc}"
    return [path_style, f"{url.scheme}://{settings.s3_bucket}.{url.netloc}"]
