"""Node, and the packages of others that the tests talk to."""

import shutil
from pathlib import Path

import pytest

from tests.running import ROOT

HERE = Path(__file__).parent


def node() -> str:
    """Return the machine's Node, or the one that `make` has installed."""
    noted = ROOT / ".tools" / "node"
    path = noted.read_text().strip() if noted.exists() else None
    found = shutil.which("node", path=path)
    if found is None or not (HERE / "node_modules").exists():
        pytest.skip("Node or the clients of others are not installed: make clients")
    return found
