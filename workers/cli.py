"""The command line: ``pdm run onemanage --help``."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.config import get_settings
from core.errors import AppError
from workers.backup import BackupFailed, back_up, restore

app = typer.Typer(
    help="OneManage's commands. They read the same settings as the servers, and find "
    "the servers that `python server.py` has started.",
    no_args_is_help=True,
    add_completion=False,
)

ROOT = Path(__file__).parent.parent


def _run(*command: str) -> None:
    raise typer.Exit(subprocess.run([sys.executable, *command], cwd=ROOT).returncode)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    _run("-m", "alembic", "upgrade", "head")


@app.command()
def seed(
    url: Annotated[str, typer.Option(help="The gateway's address.")] = "",
) -> None:
    """Send the sample design through the public API of a running gateway."""
    from workers.demo import run_demo  # it needs Pillow and more

    asyncio.run(run_demo(url or get_settings().base_url))


@app.command()
def gateway() -> None:
    """Run the gateway alone."""
    settings = get_settings()
    address = ("--host", settings.host, "--port", str(settings.port))
    _run("-m", "uvicorn", "server:app", *address)


@app.command()
def worker() -> None:
    """Run a TaskIQ worker alone."""
    concurrency = str(get_settings().worker_concurrency)
    _run(
        *("-m", "taskiq", "worker", "workers.tasks:broker", "--workers", "1"),
        *("--receiver", "core.broker:LeasedReceiver"),
        *("--max-async-tasks", concurrency, "--no-configure-logging"),
    )


@app.command()
def event_consumer() -> None:
    """Run the event consumer alone."""
    _run("-m", "workers.event_consumer")


@app.command()
def relay() -> None:
    """Run the outbox relay alone."""
    _run("-m", "workers.relay")


@app.command()
def maintenance() -> None:
    """Run maintenance alone."""
    _run("-m", "workers.maintenance")


@app.command()
def schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write schema/schema.graphql instead.")
    ] = False,
) -> None:
    """Print the GraphQL schema."""
    _run("-m", "resolvers.snapshot", *(["--write"] if write else []))


@app.command()
def backup(
    archive: Annotated[Path, typer.Argument(help="The file to write, such as b.tar.")],
) -> None:
    """Write the database and the built-in store's objects into one archive.

    It may run while everything runs: the database's dump is of one moment, and what it
    names is copied after it. A bucket has backups of its own.
    """
    _report(lambda: back_up(get_settings(), archive))


@app.command(name="restore")
def restore_command(
    archive: Annotated[Path, typer.Argument(help="What `backup` has written.")],
) -> None:
    """Put a backup into an empty database and store, such as a new installation's."""
    _report(lambda: restore(get_settings(), archive))


def _report(action: Callable[[], str]) -> None:
    try:
        typer.echo(action())
    except (BackupFailed, AppError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
