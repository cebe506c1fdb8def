"""The audits of the GraphQL over HTTP specification, by npm's graphql-http."""

import json
import subprocess

from tests.conformance.node import HERE, node
from tests.running import Running

AUDITS = 61


def test_every_audit_passes(running: Running) -> None:
    url = f"{running.base_url}/graphql"
    done = subprocess.run(
        [node(), HERE / "audits.mjs", url], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one for one in results if one["status"] != "ok"] == []
    assert len({one["id"] for one in results}) == len(results) == AUDITS
