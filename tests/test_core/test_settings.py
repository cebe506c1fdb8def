"""Settings: documented one by one, refused in words, addresses of running servers."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.config import (
    SERVERS_FILE,
    Settings,
    SettingsRefused,
    get_settings,
    is_loopback,
    read_settings,
)

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SETTING = re.compile(r"^(ONEMANAGE_[A-Z0-9_]+)=(.*)$")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ONEMANAGE_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def _documented() -> dict[str, str]:
    found = [SETTING.match(line) for line in EXAMPLE.read_text().splitlines()]
    return {match[1]: match[2] for match in found if match}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_env_example_documents_each_setting_with_its_default() -> None:
    defaults = {
        f"ONEMANAGE_{name.upper()}": _written(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert _documented() == defaults


def test_each_documented_setting_is_explained_above_it() -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [
        line
        for above, line in zip(lines, lines[1:])
        if SETTING.match(line) and not above.startswith(("#", "ONEMANAGE_S3_ACCESS"))
    ]
    assert bare == []


def test_env_example_as_env_file_gives_the_defaults() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_listens_on_loopback(host: str) -> None:
    assert is_loopback(host)
    assert Settings(host=host).host == host


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.4", "example.com", "", "localhost.evil.com"]
)
def test_refuses_to_listen_elsewhere(host: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(host=host)
    (problem,) = caught.value.errors()
    assert problem["msg"] == (
        f"Value error, ONEMANAGE_HOST={host}: without access control OneManage "
        "listens on loopback only; use 127.0.0.1, ::1 or localhost"
    )


def test_running_servers_stand_below_environment_and_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    servers = tmp_path / "data" / SERVERS_FILE
    servers.parent.mkdir(parents=True)
    servers.write_text(
        "ONEMANAGE_DATABASE_URL=postgresql://embedded\n"
        "ONEMANAGE_NATS_URL=nats://embedded\nONEMANAGE_SECRET_KEY=embedded\n"
    )
    Path(".env").write_text(
        "ONEMANAGE_DATA_DIR=data\nONEMANAGE_NATS_URL=nats://file\n"
        "ONEMANAGE_DATABASE_URL=\n"
    )
    monkeypatch.setattr("core.config.ROOT", tmp_path)
    monkeypatch.setenv("ONEMANAGE_SECRET_KEY", "environment")
    get_settings.cache_clear()
    try:
        settings = get_settings()
    finally:
        get_settings.cache_clear()
    assert settings.database_url == "postgresql://embedded"
    assert settings.nats_url == "nats://file"
    assert settings.secret_key.get_secret_value() == "environment"


def test_a_data_directory_is_found_from_anywhere(tmp_path: Path) -> None:
    assert Settings().data_dir.is_absolute()
    assert Settings(data_dir=Path("~/x")).data_dir == Path.home() / "x"
    assert Settings(data_dir=tmp_path).data_dir == tmp_path


POSTGRES = "must be a URL such as postgresql://user:password@host:5432/database"
NATS = "must be URLs such as nats://user:password@host:4222, separated by commas"
NATS_PORT = "must be a URL such as nats://user:password@host:4222"
HTTP = "must be a URL such as https://example.com"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@h/d", POSTGRES),
        ("DATABASE_URL", "localhost/d", POSTGRES),
        ("DATABASE_URL", "postgresql://u:hunter2@h:none/d", POSTGRES),
        ("DATABASE_URL", "postgresql://u:hunter2@[h/d", POSTGRES),
        ("NATS_URL", "http://hunter2@h:4222", NATS),
        ("NATS_URL", "nats://a:4222,http://localhost:4222", NATS),
        ("NATS_URL", "nats://", NATS),
        ("NATS_URL", "nats://hunter2@a:99999", NATS_PORT),
        ("PUBLIC_URL", "example.com", HTTP),
        ("S3_ENDPOINT_URL", "s3://hunter2", HTTP),
        ("S3_PUBLIC_ENDPOINT_URL", "https://", HTTP),
    ],
)
def test_an_address_that_is_none_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: str
) -> None:
    monkeypatch.setenv(f"ONEMANAGE_{name}", value)
    with pytest.raises(SettingsRefused) as refusal:
        read_settings()
    assert str(refusal.value) == f"ONEMANAGE_{name}: {wanted}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgres://u:p@h:5/d"),
        ("database_url", "postgresql+asyncpg:///d?host=/run/postgresql"),
        ("nats_url", "nats://u:p@a:4222, tls://b:4222"),
        ("public_url", "https://example.com/below"),
    ],
)
def test_an_address_is_taken_as_it_is(name: str, value: str) -> None:
    assert getattr(Settings.model_validate({name: value}), name) == value


def test_each_wrong_setting_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMANAGE_PORT", "70000")
    monkeypatch.setenv("ONEMANAGE_LOG_LEVEL", "loud")
    get_settings.cache_clear()
    with pytest.raises(SettingsRefused) as refusal:
        get_settings()
    assert str(refusal.value).splitlines() == [
        "ONEMANAGE_PORT: Input should be less than or equal to 65535",
        "ONEMANAGE_LOG_LEVEL: Input should be 'TRACE', 'DEBUG', 'INFO', 'WARNING' or "
        "'ERROR'",
    ]


def test_a_data_directory_below_a_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("ONEMANAGE_DATA_DIR", str(file / "data"))
    with pytest.raises(SettingsRefused) as refusal:
        read_settings()
    assert str(refusal.value) == (
        "ONEMANAGE_DATA_DIR: must be a directory to write in, or be where one can be "
        f"made; {file} is not"
    )
