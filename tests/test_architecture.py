"""The house's rules that import-linter's contracts do not say."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "events", "features", "resolvers", "schema", "workers")
TOP_LEVEL = {
    *ROOMS,
    "alembic",
    "alembic.ini",
    "compose.yml",
    "Dockerfile",
    "docs",
    "LICENSE",
    "Makefile",
    "pdm.lock",
    "pyproject.toml",
    "README.md",
    "server.py",
    "tests",
    "web",
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS)


def test_the_contracts_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_features_sql_is_its_own(graph: grimp.ImportGraph) -> None:
    cruds = [name for name in graph.modules if name.endswith("crud")]
    assert len(cruds) >= 6
    strangers = {
        (importer, crud)
        for crud in cruds
        for importer in graph.find_modules_that_directly_import(crud)
        if not importer.startswith(crud.rpartition(".")[0] + ".")
    }
    assert strangers == set()


def test_no_feature_is_outside_the_contracts(graph: grimp.ImportGraph) -> None:
    configuration = (ROOT / "pyproject.toml").read_text()
    for feature in graph.find_children("features"):
        assert f'"{feature}"' in configuration, feature


def test_every_room_has_a_name_that_the_plan_knows() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    top = {path.split("/", 1)[0] for path in tracked}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_the_library_alembic_is_not_hidden() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
