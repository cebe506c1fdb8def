"""Where the parts find one another: the children's environment and servers.env."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from core.config import SERVERS_FILE, Settings
from core.logging import for_people
from workers.embedded import state
from workers.supervisor.commands import ROOT


def addresses(
    settings: Settings, data_dir: Path, database_url: str, nats_url: str
) -> dict[str, str]:
    """Return the variables that the configuration leaves to us."""
    found: dict[str, str] = {}
    if not settings.database_url:
        found["ONEMANAGE_DATABASE_URL"] = database_url
    if not settings.nats_url:
        found["ONEMANAGE_NATS_URL"] = nats_url
    if not settings.secret_key.get_secret_value():
        found["ONEMANAGE_SECRET_KEY"] = state.kept_secret(data_dir, "secret_key")
    return found


def children_env(
    settings: Settings, data_dir: Path, found: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of the processes of ours."""
    env = {**os.environ, **found, "PYTHONUNBUFFERED": "1"}
    # The scripts of uvicorn and TaskIQ do not look into the working directory.
    path = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    env["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    env["ONEMANAGE_DATA_DIR"] = str(data_dir)
    env["ONEMANAGE_PORT"] = str(settings.port)
    env["ONEMANAGE_LOG_FORMAT"] = "text" if for_people() else "json"
    if sys.stderr.isatty():
        env.setdefault("FORCE_COLOR", "1")
    return env


def write_servers_file(data_dir: Path, found: Mapping[str, str]) -> None:
    """Keep the addresses for commands given by hand while OneManage runs."""
    lines = [f"{name}={value}\n" for name, value in found.items()]
    state.write_private(data_dir / SERVERS_FILE, "".join(lines))


def remove_servers_file(data_dir: Path) -> None:
    """Forget the addresses: nothing answers there any more."""
    (data_dir / SERVERS_FILE).unlink(missing_ok=True)
