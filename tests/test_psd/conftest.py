"""The corpus of real files, and small documents made on the spot."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Give the corpus' folder: ONEMANAGE_CORPUS, or ../shared/corpus by the project."""
    given = os.environ.get("ONEMANAGE_CORPUS")
    folder = Path(given) if given else ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"no corpus at {folder}: set ONEMANAGE_CORPUS")
    return folder
