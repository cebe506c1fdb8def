"""The settings that a process starts with, or the end of it, in a line for each fault."""

import sys
from collections.abc import Iterator
from typing import NoReturn

from core.addresses import NATS_EXAMPLE, POSTGRES_EXAMPLE
from core.config import Settings, SettingsRefused, get_settings

EXIT_CODE = 2


def settings_or_exit(*, needs_all: bool = True) -> Settings:
    """Return the settings; else say what is wrong on stderr and exit with 2.

    A process that stands on servers of others needs all that leads to them.
    """
    try:
        settings = get_settings()
        if needs_all and (missing := [*_missing(settings)]):
            raise SettingsRefused("\n".join(missing))
    except SettingsRefused as refusal:
        exit_refused(refusal)
    return settings


def exit_refused(refusal: SettingsRefused) -> NoReturn:
    """Say what is wrong on stderr and exit with 2."""
    print(refusal, file=sys.stderr)
    sys.exit(EXIT_CODE)


def _missing(settings: Settings) -> Iterator[str]:
    if not settings.database_url:
        yield _line("DATABASE_URL", f"the database's address, {POSTGRES_EXAMPLE}")
    if not settings.nats_url:
        yield _line("NATS_URL", f"the address of NATS, {NATS_EXAMPLE}")
    if not settings.uses_s3 and not settings.secret_key.get_secret_value():
        yield _line("SECRET_KEY", "a long random text, the same for every process")
    if settings.uses_s3:
        given = {
            "S3_ENDPOINT_URL": settings.s3_endpoint_url,
            "S3_ACCESS_KEY_ID": settings.s3_access_key_id.get_secret_value(),
            "S3_SECRET_ACCESS_KEY": settings.s3_secret_access_key.get_secret_value(),
        }
        for name, value in given.items():
            if not value:
                yield _line(name, "it goes with ONEMANAGE_S3_BUCKET")


def _line(name: str, wanted: str) -> str:
    return f"ONEMANAGE_{name} is missing: {wanted}"
