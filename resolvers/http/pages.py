"""Pages for browsers from this server alone: HTML, assets, and what they may load."""

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
<title>OneManage · {name} is not built yet</title>
<h1>{name} is not built yet</h1>
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


def asset_routes() -> list[Mount]:
    """Return the routes of all pages' assets, below ``/graphql/assets``."""
    assets = _HashedFiles(directory=DIST / "assets", check_dir=False)
    return [Mount("/graphql/assets", app=assets, name="assets")]


def page(file: str, name: str, policy: dict[str, list[str]]) -> HTMLResponse:
    """Return a built page, with a Content-Security-Policy; 503 where it is not built."""
    try:
        html, status = (DIST / file).read_text("utf-8"), 200
    except FileNotFoundError:
        html, status = _NOT_BUILT.format(name=name), 503
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "; ".join(
            f"{directive} {' '.join(sources)}" for directive, sources in policy.items()
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, status, headers=headers)


def policy() -> dict[str, list[str]]:
    """Name all that a page may load: this server, and the S3 store where one is used."""
    return policy_of(get_settings())


def policy_of(settings: Settings) -> dict[str, list[str]]:
    """Return a Content-Security-Policy's directives and their sources."""
    own = settings.base_url
    store = _store_origins(settings)
    return {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        # The signed URLs name this address, also where the page was opened by another,
        # and not every browser counts a WebSocket as 'self'.
        "connect-src": ["'self'", own, own.replace("http", "ws", 1), *store],
        "img-src": ["'self'", own, "data:", *store],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


def _store_origins(settings: Settings) -> list[str]:
    """Return the origins that presigned URLs may have, by either addressing style."""
    if not settings.uses_s3:
        return []
    url = urlsplit(settings.s3_public_endpoint_url or settings.s3_endpoint_url)
    path_style = f"{url.scheme}://{url.netloc}"
    return [path_style, f"{url.scheme}://{settings.s3_bucket}.{url.netloc}"]
