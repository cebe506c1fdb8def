"""PostgreSQL's own programs, the password in their environment alone."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from core.database_async import async_url
from workers.embedded.postgres import binaries


class ToolFailed(Exception):
    """A program of PostgreSQL's failed; the message is its own."""


@dataclass(frozen=True)
class PostgresTools:
    """Runs psql, pg_dump and pg_restore on one database."""

    env: Mapping[str, str]

    @classmethod
    def for_url(cls, url: str) -> Self:
        """Take a ``postgresql://`` or ``postgresql+asyncpg://`` URL; AppError else."""
        try:
            parts = urlsplit(async_url(url))
            port = parts.port
        except ValueError:
            # Its message may quote the password.
            raise ToolFailed("ONEMANAGE_DATABASE_URL is no valid address") from None
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        found = {
            "PGHOST": parts.hostname or query.get("host"),
            "PGPORT": str(port) if port else query.get("port"),
            "PGUSER": unquote(parts.username or ""),
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": unquote(parts.path.removeprefix("/")),
            # asyncpg's name for it, then PostgreSQL's own.
            "PGSSLMODE": query.get("ssl") or query.get("sslmode"),
        }
        return cls({name: value for name, value in found.items() if value})

    @property
    def database(self) -> str:
        """The database's name; without one it is called as its user."""
        return self.env.get("PGDATABASE") or self.env.get("PGUSER", "")

    def run(self, program: str, *arguments: str) -> str:
        """Return what the program prints; raise ToolFailed where it complains."""
        done = subprocess.run(
            [binaries() / program, "--no-password", *arguments],
            env={**os.environ, "PGCONNECT_TIMEOUT": "10", **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise ToolFailed(f"{program} failed: {done.stderr.strip()}")
        return done.stdout

    def is_true(self, statement: str) -> bool:
        """Tell whether a statement's one value is true."""
        arguments = ("--no-psqlrc", "--tuples-only", "--no-align", "--command")
        return self.run("psql", *arguments, statement).strip() == "t"

    def has_table(self, name: str) -> bool:
        """Tell whether there is a table of that name."""
        return self.is_true(f"select to_regclass('{name}') is not null")
