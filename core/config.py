"""Settings: read from the environment and `.env`, all prefixed ``ONEMANAGE_``.

Each one is documented in `.env.example`; a test holds the two together.
"""

import ipaddress
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.addresses import checked_http_url, checked_nats_urls, checked_postgres_url

# Below data_dir: where the embedded servers are found while they run.
SERVERS_FILE = Path("run", "servers.env")


ROOT: Final = Path(__file__).parent.parent

type HttpUrl = Annotated[str, AfterValidator(checked_http_url)]


class SettingsRefused(Exception):
    """Settings are wrong or missing; the message is a line for each, without values."""


class Settings(BaseSettings):
    """Everything that may differ between a laptop and production."""

    model_config = SettingsConfigDict(
        env_prefix="ONEMANAGE_",
        env_file=".env",
        env_ignore_empty=True,
        validate_default=True,
        extra="ignore",
        frozen=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    data_dir: Path = Path(".onemanage")
    demo: bool = True
    public_url: HttpUrl = ""
    secret_key: SecretStr = SecretStr("")
    log_level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "text", "json"] = "auto"

    database_url: Annotated[str, AfterValidator(checked_postgres_url)] = ""
    database_pool_size: int = Field(10, ge=1, le=200)
    nats_url: Annotated[str, AfterValidator(checked_nats_urls)] = ""
    # From text: a literal number alone would not match what the environment holds.
    nats_replicas: Annotated[Literal[1, 3, 5], BeforeValidator(int)] = 1

    s3_endpoint_url: HttpUrl = ""
    s3_public_endpoint_url: HttpUrl = ""
    s3_region: str = "auto"
    s3_bucket: str = ""
    s3_access_key_id: SecretStr = SecretStr("")
    s3_secret_access_key: SecretStr = SecretStr("")
    s3_addressing_style: Literal["auto", "path", "virtual"] = "auto"

    upload_max_bytes: int = Field(2 * 1024**3, ge=1)
    upload_expires_seconds: int = Field(3600, ge=1)
    download_expires_seconds: int = Field(3600, ge=1)
    preview_hours: float = Field(24.0, gt=0)
    psd_export_hours: float = Field(168.0, gt=0)

    connections_per_user: int = Field(50, ge=0)
    operations_per_connection: int = Field(100, ge=1)
    connection_init_seconds: float = Field(10.0, gt=0)
    slow_client_seconds: float = Field(30.0, gt=0)

    jobs_per_user: int = Field(4, ge=0)
    worker_concurrency: int = Field(2, ge=1, le=64)
    task_timeout_seconds: float = Field(300.0, gt=0)
    unknown_task_seconds: float = Field(600.0, ge=0)
    task_memory_bytes: int = Field(2 * 1024**3, ge=256 * 1024**2)
    sweep_seconds: float = Field(600.0, gt=0)
    sweep_grace_seconds: float = Field(3600.0, ge=0)
    psd_processes: int = Field(0, ge=0, le=64)
    psd_max_side: int = Field(30_000, ge=1)
    psd_max_layers: int = Field(8_000, ge=1)
    psd_max_pixels: int = Field(4_000_000_000, ge=1)
    import_max_unpacked_bytes: int = Field(4 * 1024**3, ge=1)
    import_max_cells: int = Field(11_000_000, ge=1)
    import_max_columns: int = Field(1000, ge=1, le=1500)
    import_max_field_bytes: int = Field(1024**2, ge=1)
    import_report_hours: float = Field(168.0, gt=0)
    import_preview_memory_bytes: int = Field(1024**3, ge=256 * 1024**2)

    @field_validator("data_dir")
    @classmethod
    def _from_the_project(cls, value: Path) -> Path:
        """Read `~`, and take a relative path from the project's folder."""
        path = ROOT / value.expanduser()
        nearest = next(one for one in (path, *path.parents) if one.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise ValueError(
                "must be a directory to write in, or be where one can be made; "
                f"{nearest} is not"
            )
        return path

    @field_validator("host")
    @classmethod
    def _only_loopback(cls, value: str) -> str:
        """Refuse to be reachable from outside until access control is configured."""
        if not is_loopback(value):
            raise ValueError(
                f"ONEMANAGE_HOST={value}: without access control OneManage listens "
                "on loopback only; use 127.0.0.1, ::1 or localhost"
            )
        return value

    @property
    def processes_per_psd(self) -> int:
        """How many processes share one parse where they are free."""
        return self.psd_processes or min(4, os.cpu_count() or 1)

    @property
    def uses_s3(self) -> bool:
        """True where an S3 bucket is given, so that no disk store is used."""
        return bool(self.s3_bucket)

    @property
    def base_url(self) -> str:
        """The gateway's own address, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache
def get_settings() -> Settings:
    """Return this process' settings, read once; SettingsRefused where one is wrong.

    Below the environment and `.env` stand the addresses of the embedded servers,
    so that a command by hand reaches those that run now.
    """
    servers = read_settings().data_dir / SERVERS_FILE
    return read_settings(servers, ".env")


def read_settings(*env_files: Path | str) -> Settings:
    """Read the settings anew, from `.env` where no files are named; SettingsRefused."""
    try:
        return Settings(_env_file=env_files or ".env")
    except ValidationError as error:
        raise SettingsRefused("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = "ONEMANAGE_" + "_".join(str(part) for part in problem["loc"]).upper()
        yield message if name in message else f"{name}: {message}"
