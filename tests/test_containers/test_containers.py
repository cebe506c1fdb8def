"""The container files, as far as no engine is needed to judge them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from core.config import Settings
from workers.embedded.nats import CONFIGURATION, binary
from workers.supervisor.commands import Command, commands, migrate

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CLUSTER = {name: one for name, one in SERVICES.items() if "profiles" in one}
COMMANDS = [migrate(), *commands(Settings(_env_file=None, data_dir=Path("unused")))]


def _run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = Path(sys.executable).parent / tool
    return subprocess.run([path, *arguments], cwd=ROOT, capture_output=True, text=True)


def _in_container(command: Command) -> list[str]:
    """Return a command as the image's PATH finds it, without this machine's paths."""
    interpreter, *rest = command.argv
    assert interpreter == sys.executable
    script = Path(rest[0])
    return [script.name, *rest[1:]] if script.is_absolute() else ["python", *rest]


def test_compose_file_is_valid() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    done = _run("check-jsonschema", *schema, "compose.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_dockerfile_passes_hadolint() -> None:
    done = _run("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_process_runs_the_same_command_as_here(command: Command) -> None:
    service = SERVICES[command.name]
    assert service["command"] == _in_container(command)
    assert service["image"] == "onemanage"
    assert service["build"] == "."


def test_there_are_no_other_services() -> None:
    ours = {command.name for command in COMMANDS}
    alone = {name for name, one in SERVICES.items() if "profiles" not in one}
    assert alone == ours | {"postgres", "nats"}
    assert SERVICES.keys() - alone == CLUSTER.keys()


def test_the_image_starts_the_gateway_unless_told_otherwise() -> None:
    (line,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert YAML(typ="safe").load(line) == SERVICES["gateway"]["command"]


def test_services_wait_for_services_that_can_become_so() -> None:
    able = {
        "service_healthy": {n for n, one in SERVICES.items() if "healthcheck" in one},
        "service_completed_successfully": {
            name for name, one in SERVICES.items() if one["restart"] == "no"
        },
    }
    waits = [
        (target, rule["condition"])
        for service in SERVICES.values()
        for target, rule in service.get("depends_on", {}).items()
    ]
    assert {name.removeprefix("cluster_") for name, _ in waits} == {
        *("postgres", "migrate", "nats", "nats_1", "nats_2", "nats_3")
    }
    assert [wait for wait in waits if wait[0] not in able[wait[1]]] == []


def test_no_service_waits_for_one_of_the_other_installation() -> None:
    astray = [
        (name, target)
        for name, service in SERVICES.items()
        for target in service.get("depends_on", {})
        if (name in CLUSTER) != (target in CLUSTER)
    ]
    assert astray == []


def test_volumes_and_configs_are_declared_and_used() -> None:
    mounts = [m.split(":")[0] for s in SERVICES.values() for m in s.get("volumes", [])]
    assert set(mounts) == COMPOSE["volumes"].keys()
    sources = [c["source"] for s in SERVICES.values() for c in s.get("configs", [])]
    assert set(sources) == COMPOSE["configs"].keys()


def test_everything_stays_on_loopback() -> None:
    assert {service["network_mode"] for service in SERVICES.values()} == {"host"}
    assert not any("ports" in service for service in SERVICES.values())
    assert "listen_addresses=127.0.0.1" in SERVICES["postgres"]["command"]
    for config in COMPOSE["configs"].values():
        assert 'host: "127.0.0.1"' in config["content"]


def test_variables_are_settings() -> None:
    known = {f"ONEMANAGE_{name.upper()}" for name in Settings.model_fields}
    named = {name for s in SERVICES.values() for name in s.get("environment", {})}
    named |= set(re.findall(r"\bONEMANAGE_\w+", DOCKERFILE))
    assert {name for name in named if name.startswith("ONEMANAGE_")} <= known


@pytest.mark.parametrize("line", ['sync_interval: "1s"', "max_payload: 8MB"])
def test_nats_is_configured_as_the_embedded_one(line: str) -> None:
    assert line in CONFIGURATION
    for config in COMPOSE["configs"].values():
        assert line in config["content"]


def test_nats_server_accepts_the_configuration(tmp_path: Path) -> None:
    content = COMPOSE["configs"]["nats"]["content"]
    assert content.count("$$") == content.count("$") / 2 == 1
    file = tmp_path / "nats.conf"
    file.write_text(content.replace("$$", "$").replace("/data", str(tmp_path)))
    done = subprocess.run(
        [binary(), "--config", file, "-t"],
        env={"NATS_PASSWORD": "a1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_copied_files_exist() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert sources and [s for s in sources if not (ROOT / s).exists()] == []


def test_one_version_of_pdm() -> None:
    (there,) = re.findall(r"pdm\[locked\]==([\d.]+)", DOCKERFILE)
    (here,) = re.findall(
        r"^PDM_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert there == here
