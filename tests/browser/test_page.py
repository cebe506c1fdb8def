"""How the pages and their assets are served, without a browser."""

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.config import Settings
from resolvers.http import graphiql, pages
from resolvers.http.console import console_routes


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the pages a folder for their build, empty as before the first one."""
    monkeypatch.setattr(pages, "DIST", tmp_path)
    return tmp_path


def graphiql_page(request: Request) -> Response:
    return graphiql.graphiql_page()


@pytest.fixture
def client(dist: Path) -> AsyncClient:
    """Serve the pages and their assets, and nothing else."""
    routes = [
        *console_routes(),
        *pages.asset_routes(),
        Route("/graphql", graphiql_page),
    ]
    return AsyncClient(
        transport=ASGITransport(Starlette(routes=routes)), base_url="http://onemanage"
    )


@pytest.mark.parametrize(
    ("path", "name"), [("/graphql", "GraphiQL"), ("/", "The console")]
)
async def test_page_without_a_build_says_how_to_build_it(
    client: AsyncClient, path: str, name: str
) -> None:
    response = await client.get(path)
    assert response.status_code == 503
    assert f"<h1>{name} is not built yet</h1>" in response.text
    assert "<pre>make web/dist</pre>" in response.text
    assert (await client.get("/graphql/assets/index.js")).status_code == 404


async def test_build_is_served_once_it_is_there(
    client: AsyncClient, dist: Path
) -> None:
    assert (await client.get("/graphql/assets/index-1.js")).status_code == 404
    (dist / "assets").mkdir()
    (dist / "assets" / "index-1.js").write_text("let x")
    (dist / "index.html").write_text("<title>GraphiQL</title>")
    (dist / "console.html").write_text("<title>Console</title>")
    response = await client.get("/")
    assert (response.status_code, response.text) == (200, "<title>Console</title>")
    response = await client.get("/graphql")
    assert (response.status_code, response.text) == (200, "<title>GraphiQL</title>")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    asset = await client.get("/graphql/assets/index-1.js")
    assert (asset.status_code, asset.text) == (200, "let x")
    assert asset.headers["Content-Type"].startswith("text/javascript")
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asset.headers["X-Content-Type-Options"] == "nosniff"


async def test_assets_do_not_reach_beyond_their_folder(
    client: AsyncClient, dist: Path
) -> None:
    (dist / "assets").mkdir()
    (dist / "secret.txt").write_text("secret")
    assert (await client.get("/graphql/assets/%2e%2e/secret.txt")).status_code == 404


def test_policy_names_this_server_alone() -> None:
    settings = Settings(_env_file=None, host="127.0.0.1", port=8000, public_url="")
    own = ["'self'", "http://127.0.0.1:8000"]
    assert pages.policy_of(settings) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "connect-src": [*own, "ws://127.0.0.1:8000"],
        "img-src": [*own, "data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


async def test_pages_are_sent_with_their_policies(
    client: AsyncClient, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, host="127.0.0.1", port=8000, public_url="")
    monkeypatch.setattr(pages, "get_settings", lambda: settings)
    console, editor = [
        dict((name, of) for name, *of in map(str.split, policy.split(";")))
        for policy in [
            (await client.get(path)).headers["Content-Security-Policy"]
            for path in ("/", "/graphql")
        ]
    ]
    assert console == pages.policy_of(settings)
    assert editor == console | {
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "img-src": [*console["img-src"], "blob:"],
    }


@pytest.mark.parametrize(
    ("endpoint", "public", "origins"),
    [
        (
            "https://oss.example.com",
            "",
            ["https://oss.example.com", "https://designs.oss.example.com"],
        ),
        (
            "http://s3:8333",
            "http://127.0.0.1:8333/",
            ["http://127.0.0.1:8333", "http://designs.127.0.0.1:8333"],
        ),
    ],
)
def test_policy_lets_an_s3_store_take_and_show_files(
    endpoint: str, public: str, origins: list[str]
) -> None:
    settings = Settings(
        _env_file=None,
        public_url="https://onemanage.example.com",
        s3_bucket="designs",
        s3_endpoint_url=endpoint,
        s3_public_endpoint_url=public,
    )
    policy = pages.policy_of(settings)
    own = ["'self'", "https://onemanage.example.com"]
    socket = "wss://onemanage.example.com"
    assert policy["connect-src"] == [*own, socket, *origins]
    assert policy["img-src"] == [*own, "data:", *origins]
