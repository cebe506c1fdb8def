"""What an embedded server keeps between its runs: secrets, port, process id."""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700
# Below what Linux (32768) and macOS (49152) give to clients.
PORTS = range(20_000, 32_768)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def prepare_data_dir(data_dir: Path) -> Path:
    """Make the data directory with its private parts; return its absolute path."""
    data_dir = data_dir.expanduser().absolute()
    data_dir.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
    for name in ("run", "secrets", "logs"):
        (data_dir / name).mkdir(mode=PRIVATE_DIR, exist_ok=True)
    return data_dir


def kept_secret(data_dir: Path, name: str) -> str:
    """Return the secret of that name, made at random when first asked for."""
    path = data_dir / "secrets" / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text()


def read_state(path: Path) -> dict[str, Any]:
    """Return what `write_state` kept; nothing where the file is absent or torn."""
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(path: Path, **changes: Any) -> None:
    """Merge the changes into the file's JSON object."""
    write_private(path, json.dumps(read_state(path) | changes))


def kept_port(path: Path) -> int:
    """Return the port in a state file while it is free, else a new one, kept there."""
    port = read_state(path).get("port")
    if not isinstance(port, int) or not is_free(port):
        port = free_port()
        write_state(path, port=port)
    return port


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now.

    Not one of those that the system gives to clients: it could do so before a server
    listens there.
    """
    tried = secrets.SystemRandom().sample(PORTS, 100)
    return next(port for port in tried if is_free(port))


def is_free(port: int) -> bool:
    """Tell whether a server could listen on that port of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do: a connection in TIME_WAIT does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
