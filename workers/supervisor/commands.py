"""The processes of ours, each by the same command as in production."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.config import Settings

ROOT = Path(__file__).parents[2]
# How long, in seconds, requests and tasks under way may take when stopping.
GATEWAY_GRACE = 3
# The largest WebSocket message that a client may send.
MAX_MESSAGE_BYTES = 256 * 1024
# What serves HTTP and WebSockets; names, as workers do not reach the gateway's rooms.
HTTP_PROTOCOL = "resolvers.http.connection:HttpConnection"
WEBSOCKET_PROTOCOL = "resolvers.websocket.uvicorn_protocol:GraphQLWebSocketProtocol"
TASKS_GRACE = 5


@dataclass(frozen=True)
class Command:
    """A process' name, its command line, and the seconds it may take to stop."""

    name: str
    argv: tuple[str, ...]
    stop_seconds: float = 5.0


def commands(settings: Settings) -> list[Command]:
    """Return the processes in the order in which they are stopped."""
    return [
        _gateway(settings),
        _module("event_consumer"),
        _worker(settings),
        _module("relay"),
        _module("maintenance"),
    ]


def migrate() -> Command:
    """Return the command that brings the database to the newest version."""
    return Command("migrate", (*_script("alembic"), "upgrade", "head"))


def _gateway(settings: Settings) -> Command:
    argv = [*_script("uvicorn"), "server:app"]
    argv += ["--host", settings.host, "--port", str(settings.port)]
    argv += ["--http", HTTP_PROTOCOL]
    # Compression would cost each socket some 300 KiB, and each its own copy of what is
    # encoded once for all; messages are small.
    argv += ["--ws", WEBSOCKET_PROTOCOL, "--ws-per-message-deflate", "false"]
    argv += ["--ws-max-size", str(MAX_MESSAGE_BYTES)]
    argv += ["--no-access-log", "--timeout-graceful-shutdown", str(GATEWAY_GRACE)]
    return Command("gateway", tuple(argv), stop_seconds=GATEWAY_GRACE + 3)


def _worker(settings: Settings) -> Command:
    argv = [*_script("taskiq"), "worker", "workers.tasks:broker"]
    argv += ["--receiver", "core.broker:LeasedReceiver", "--workers", "1"]
    argv += ["--max-async-tasks", str(settings.worker_concurrency)]
    argv += ["--wait-tasks-timeout", str(TASKS_GRACE), "--no-configure-logging"]
    # The manager forks a dead worker anew without any pause; who started it waits.
    argv += ["--max-fails", "1"]
    return Command("worker", tuple(argv), stop_seconds=TASKS_GRACE + 3)


def _module(name: str) -> Command:
    return Command(name, (sys.executable, "-m", f"workers.{name}"))


def _script(name: str) -> tuple[str, str]:
    # Through the interpreter: a path with spaces breaks a script's first line.
    return sys.executable, str(Path(sys.executable).parent / name)
