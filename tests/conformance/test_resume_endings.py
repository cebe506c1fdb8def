"""Node's own tests of web/resume against gateways that end connections in each way."""

import subprocess
from pathlib import Path

import pytest

from tests.conformance.node import HERE, node

SUITES = sorted((HERE / "resume").glob("*.test.mjs"))


def test_the_suites_are_found() -> None:
    assert [path.name for path in SUITES] == ["sse.test.mjs", "websocket.test.mjs"]


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_the_helper_meets_every_ending(suite: Path) -> None:
    done = subprocess.run(
        [node(), "--test", suite], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
