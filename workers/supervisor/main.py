"""The entry: settings, data directory, lock, port; then the supervisor."""

import os
import socket
import sys
from typing import NoReturn

from core.config import SettingsRefused, read_settings
from core.logging import configure_logging
from core.startup import exit_refused
from workers.embedded import state
from workers.embedded.server import ServerError
from workers.supervisor.child import end_leftovers
from workers.supervisor.commands import ROOT
from workers.supervisor.errors import StartRefused
from workers.supervisor.lock import only_one
from workers.supervisor.supervisor import Supervisor


def main() -> NoReturn:
    """Run all of OneManage until told to stop; exit with 0, or 1 and the reason."""
    # Relative paths in the settings mean the project's folder, for every process.
    os.chdir(ROOT)
    try:
        _run()
    except SettingsRefused as refusal:
        exit_refused(refusal)
    except (StartRefused, ServerError) as error:
        sys.exit(f"OneManage did not start.\n{error}")
    except PermissionError as error:
        sys.exit(
            f"OneManage cannot go on: {error}. Has it been run as another user "
            "here? Start it as that user, or choose another ONEMANAGE_DATA_DIR."
        )
    sys.exit(0)


def _run() -> None:
    settings = read_settings()
    configure_logging("supervisor")
    try:
        data_dir = state.prepare_data_dir(settings.data_dir)
    except OSError as error:
        raise StartRefused(
            f"ONEMANAGE_DATA_DIR={settings.data_dir} cannot be used: {error}"
        ) from None
    with only_one(data_dir) as lock:
        end_leftovers(data_dir)
        port = usable_port(settings.host, settings.port)
        settings = settings.model_copy(update={"port": port})
        supervisor = Supervisor(settings, data_dir)
        try:
            supervisor.run()
        finally:
            lock.leave()
            supervisor.stop()


def usable_port(host: str, port: int) -> int:
    """Return the port to listen on, a free one for 0; refuse one that is in use."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise StartRefused(
                f"Port {port} of {host} cannot be used ({error.strerror}): set "
                "ONEMANAGE_PORT to another one; 0 picks a free one."
            ) from None
        return int(probe.getsockname()[1])
