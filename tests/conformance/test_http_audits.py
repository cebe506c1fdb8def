"""The audits of the GraphQL over HTTP specification, by npm's graphql-http."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import ROOT, Running

HERE = Path(__file__).parent
AUDITS = 61


def _node() -> str:
    """Return the machine's Node, or the one that `make` has installed."""
    noted = ROOT / ".tools" / "node"
    path = noted.read_text().strip() if noted.exists() else None
    found = shutil.which("node", path=path)
    if found is None or not (HERE / "node_modules").exists():
        pytest.skip("Node or the audits are not installed: make clients")
    return found


def test_every_audit_passes(running: Running) -> None:
    url = f"{running.base_url}/graphql"
    done = subprocess.run(
        [_node(), HERE / "audits.mjs", url], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one for one in results if one["status"] != "ok"] == []
    assert len({one["id"] for one in results}) == len(results) == AUDITS
