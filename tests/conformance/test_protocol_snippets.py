"""What docs/protocol.md shows of resuming runs as it stands, but for the address."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.client import Client
from tests.conformance.node import HERE, node
from tests.running import ROOT, Running
from tests.test_psd.documents import small_document

PAGE: Final = (ROOT / "docs" / "protocol.md").read_text("utf-8")
SNIPPET: Final = re.compile(r"<!-- snippet: (\S+) -->\n```(js|sh)\n(.*?)```\n", re.S)
SNIPPETS: Final = {name: (kind, text) for name, kind, text in SNIPPET.findall(PAGE)}
(WATCH,) = re.findall(r"```graphql\n(subscription Watch.*?)```\n", PAGE, re.S)
ADDRESS: Final = "//127.0.0.1:8000/"
# What a browser has, and the values that the page takes for granted.
PRELUDE: Final = """
import { EventSource } from 'eventsource';
import WebSocket from 'ws';

const { WATCH, id, after } = process.env;
const show = (event) => process.stdout.write(JSON.stringify(event) + '\\n');
Object.assign(globalThis, { EventSource, WebSocket, WATCH, id, after });
console.log = show;
"""


def test_the_page_has_a_snippet_for_each_client() -> None:
    assert [*SNIPPETS] == [
        "graphql-ws",
        "apollo",
        "urql",
        "graphql-sse",
        "eventsource",
        "curl",
    ]


@pytest.mark.parametrize("name", SNIPPETS)
async def test_snippet_shows_a_whole_job(
    name: str, client: Client, running: Running, tmp_path: Path
) -> None:
    small_document().save(tmp_path / "small.psd")
    started = await client.parse(await client.upload(tmp_path / "small.psd"))
    job, after = started["job"]["id"], started["cursor"]
    watched = client.subscribe(WATCH, id=job, after=after)
    truth = [data["jobEvents"]["cursor"] async for data in watched]
    env = os.environ | {"WATCH": WATCH, "id": job, "after": after}
    done = subprocess.run(
        _program(name, running.base_url, tmp_path),
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    if name == "curl":
        assert [line[4:] for line in shown if line.startswith("id: ")] == [
            *truth,
            "complete",
        ]
    else:
        assert [json.loads(line)["cursor"] for line in shown] == truth


def _program(name: str, base_url: str, directory: Path) -> list[str]:
    """Write the snippet as a program beside the helper; return its command line."""
    kind, text = SNIPPETS[name]
    assert ADDRESS in text
    text = text.replace(ADDRESS, base_url.removeprefix("http:") + "/")
    if kind == "sh":
        return ["sh", "-c", text]
    shutil.copy(ROOT / "web" / "resume" / "resume.js", directory / "resume.js")
    (directory / "package.json").write_text('{"type": "module"}')
    (directory / "node_modules").symlink_to(HERE / "node_modules")
    (directory / "prelude.js").write_text(PRELUDE)
    (directory / "snippet.js").write_text(text)
    return [node(), "--import", "./prelude.js", "snippet.js"]
