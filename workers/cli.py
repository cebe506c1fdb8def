"""The command line: ``pdm run onemanage --help``."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from core.config import SettingsRefused, get_settings
from core.errors import AppError
from core.startup import exit_refused, settings_or_exit
from workers.backup import BackupFailed, back_up, restore
from workers.supervisor import commands

app = typer.Typer(
    help="OneManage's commands. They read the same settings as the servers, and find "
    "the servers that `python server.py` has started.",
    no_args_is_help=True,
    add_completion=False,
)


def main() -> None:
    """Run the command that the arguments name; a wrong setting is one line each."""
    try:
        app()
    except SettingsRefused as refusal:
        exit_refused(refusal)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    if not get_settings().database_url:
        _fail(
            "No database: set ONEMANAGE_DATABASE_URL, or start everything with "
            "'make run', which migrates its own."
        )
    _become(commands.migrate())


@app.command()
def seed(
    url: Annotated[str, typer.Option(help="The gateway's address.")] = "",
) -> None:
    """Send the sample design through the public API of a running gateway."""
    from workers.demo.errors import DemoError  # it needs Pillow and more

    try:
        asyncio.run(_send_sample(url or get_settings().base_url))
    except DemoError as error:
        _fail(f"The sample did not work out. {error.what}\n{error.advice}")


async def _send_sample(url: str) -> None:
    from workers.demo.api import Api
    from workers.demo.client import show_sample

    async with Api(url) as api:
        await show_sample(api, Console())


@app.command()
def gateway() -> None:
    """Run the gateway alone."""
    _become(_process("gateway"))


@app.command()
def worker() -> None:
    """Run a TaskIQ worker alone."""
    _become(_process("worker"))


@app.command()
def event_consumer() -> None:
    """Run the event consumer alone."""
    _become(_process("event_consumer"))


@app.command()
def relay() -> None:
    """Run the outbox relay alone."""
    _become(_process("relay"))


@app.command()
def maintenance() -> None:
    """Run maintenance alone."""
    _become(_process("maintenance"))


@app.command()
def schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write schema/schema.graphql instead.")
    ] = False,
) -> None:
    """Print the GraphQL schema."""
    get_settings()
    argv = (sys.executable, "-m", "resolvers.snapshot", *(["--write"] if write else []))
    _become(commands.Command("schema", argv))


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


def _process(name: str) -> commands.Command:
    settings = settings_or_exit()
    (found,) = [one for one in commands.commands(settings) if one.name == name]
    return found


def _become(command: commands.Command) -> NoReturn:
    """Go on as that command, so that signals and the exit code are its own."""
    # The scripts of uvicorn and TaskIQ do not look into the working directory.
    path = [str(commands.ROOT), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    os.chdir(commands.ROOT)
    os.execve(command.argv[0], command.argv, env)


def _report(action: Callable[[], str]) -> None:
    try:
        typer.echo(action())
    except (BackupFailed, AppError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()
