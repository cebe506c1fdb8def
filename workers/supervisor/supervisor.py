"""Start everything in order, keep it running, stop it in order."""

import signal
import subprocess
import time
from pathlib import Path
from threading import Thread
from types import FrameType

from loguru import logger

from core.config import Settings
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer
from workers.embedded.server import EmbeddedServer
from workers.supervisor import commands, environment
from workers.supervisor.announce import announce
from workers.supervisor.child import Child
from workers.supervisor.errors import StartRefused
from workers.supervisor.keeper import Keeper, Managed, describe
from workers.supervisor.output import echo

LOOK_SECONDS = 0.1


class Supervisor:
    """Everything of one data directory, whose lock the caller holds.

    Starts processes from the main thread only: Linux ends a child when the very
    thread that started it ends.
    """

    def __init__(self, settings: Settings, data_dir: Path) -> None:
        self.settings = settings
        self.data_dir = data_dir
        self.stopping = False
        self.servers: list[EmbeddedServer] = []
        self.children: list[Child] = []
        self.addresses: dict[str, str] = {}

    def run(self) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP; `stop` is the caller's to call."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        # nohup has it ignored, which then holds.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._ask_to_stop)
        self._start()
        self._keep()

    def _start(self) -> None:
        steps = (
            self._start_servers,
            self._migrate,
            self._start_children,
            self._announce,
        )
        for step in steps:
            if not self.stopping:
                step()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _start_servers(self) -> None:
        if not self.settings.database_url:
            self.servers.append(PostgresServer(self.data_dir))
        if not self.settings.nats_url:
            self.servers.append(NatsServer(self.data_dir))
        for server in self.servers:
            began = time.monotonic()
            server.start()
            took = time.monotonic() - began
            logger.info("{} is ready ({:.1f} s)", server.name, took)
        self._share_addresses()

    def _share_addresses(self) -> None:
        urls = {server.name: server.url for server in self.servers}
        self.addresses = environment.addresses(
            self.settings, self.data_dir, urls.get("postgres", ""), urls.get("nats", "")
        )
        environment.write_servers_file(self.data_dir, self.addresses)

    def _child(self, command: commands.Command) -> Child:
        env = environment.children_env(self.settings, self.data_dir, self.addresses)
        return Child(command, self.data_dir, env, echo)

    def _migrate(self) -> None:
        if not any((commands.ROOT / "alembic" / "versions").glob("*.py")):
            return
        code = self._child(commands.migrate()).launch().wait()
        if code != 0:
            raise StartRefused(f"the database's migration failed ({describe(code)})")

    def _start_children(self) -> None:
        self.children = [self._child(one) for one in commands.commands(self.settings)]
        for child in self.children:
            child.launch()

    def _announce(self) -> None:
        settings = self.settings
        local = settings.model_copy(update={"public_url": ""}).base_url
        arguments = (local, settings.base_url, settings.demo, lambda: self.stopping)
        Thread(target=announce, args=arguments, daemon=True).start()

    def _keep(self) -> None:
        servers = [(server, Keeper(server)) for server in self.servers]
        children = [Keeper(child) for child in self.children]
        while not self.stopping:
            for server, keeper in servers:
                url = server.url
                if keeper.check() and server.url != url:
                    self._move_children()
            for keeper in children:
                keeper.check()
            time.sleep(LOOK_SECONDS)

    def _move_children(self) -> None:
        """Start the children anew: a server's port was taken while it was down."""
        self._share_addresses()
        for child in self.children:
            child.stop()
            child.env = environment.children_env(
                self.settings, self.data_dir, self.addresses
            )

    def stop(self) -> None:
        """End every process in order and forget the addresses."""
        self.stopping = True
        logger.info("Stopping")
        processes: list[Managed] = [*self.children, *reversed(self.servers)]
        for managed in processes:
            managed.stop()
        environment.remove_servers_file(self.data_dir)
        logger.info("Stopped")
