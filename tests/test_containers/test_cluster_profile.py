"""compose.yml's cluster: everything twice, on three nodes that know of one another."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from core.config import Settings
from core.nats import servers
from tests.test_containers.test_containers import CLUSTER, COMPOSE, SERVICES
from workers.embedded.nats import binary

NODES = ("cluster_nats_1", "cluster_nats_2", "cluster_nats_3")
ONCE = {"cluster_postgres", "cluster_migrate", *NODES}
PASSWORD = "${NATS_PASSWORD:?}"
CONTENT: str = COMPOSE["configs"]["cluster-nats"]["content"]
PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+|(?<=port=)\d+")


def _listens_on(name: str) -> set[str]:
    """Return the ports that a service listens on, by what its file says of it."""
    service = SERVICES[name]
    if name in NODES:
        settings = service["environment"]
        text = f"port={settings['NATS_PORT']} {settings['NATS_ROUTE']} "
        return set(PORT.findall(text + settings["NATS_HTTP"]))
    if name == "nats":
        content = COMPOSE["configs"]["nats"]["content"]
        return {*re.findall(r"port: (\d+)", content), *PORT.findall(content)}
    if "postgres" in name:
        return set(PORT.findall(" ".join(service["command"]))) or {"5432"}
    command = service["command"]
    return {command[command.index("--port") + 1]} if "--port" in command else set()


# In order: processes that share the tests find each under the same name.
SERVING = sorted(CLUSTER.keys() - {"cluster_postgres", *NODES})


def test_everything_runs_twice() -> None:
    names = Counter(name.rpartition("_")[0] for name in CLUSTER.keys() - ONCE)
    assert names == {
        "cluster_gateway": 2,
        "cluster_worker": 2,
        "cluster_event_consumer": 2,
        "cluster_relay": 2,
        "cluster_maintenance": 2,
    }
    assert {tuple(one["profiles"]) for one in CLUSTER.values()} == {("cluster",)}


@pytest.mark.parametrize("name", SERVING)
def test_each_process_runs_the_same_command_as_in_the_other_installation(
    name: str,
) -> None:
    other = SERVICES[name.removeprefix("cluster_").rstrip("_12")]
    port = _listens_on(name)
    expected = [*port, *other["command"]] if port else other["command"]
    assert Counter(CLUSTER[name]["command"]) == Counter(
        one for one in expected if not port or one != "8000"
    )
    assert (CLUSTER[name]["image"], CLUSTER[name]["restart"]) == (
        other["image"],
        other["restart"],
    )


@pytest.mark.parametrize("name", SERVING)
def test_each_process_knows_all_nodes_and_keeps_three_replicas(name: str) -> None:
    given = CLUSTER[name]["environment"]
    assert given["ONEMANAGE_NATS_REPLICAS"] == len(NODES)
    ports = [SERVICES[node]["environment"]["NATS_PORT"] for node in NODES]
    assert given["ONEMANAGE_NATS_URL"].count(PASSWORD) == len(NODES)
    known = servers(
        Settings(nats_url=given["ONEMANAGE_NATS_URL"].replace(PASSWORD, "secret"))
    )
    assert known == [f"nats://onemanage:secret@127.0.0.1:{port}" for port in ports]
    (database,) = _listens_on("cluster_postgres")
    assert f"@127.0.0.1:{database}/" in given["ONEMANAGE_DATABASE_URL"]
    assert _listens_on("cluster_gateway_1") == set(
        PORT.findall(given["ONEMANAGE_PUBLIC_URL"])
    )


def test_nothing_is_shared_but_the_secrets() -> None:
    one, other = (
        {mount for name in names for mount in SERVICES[name].get("volumes", [])}
        for names in (CLUSTER.keys(), SERVICES.keys() - CLUSTER.keys())
    )
    assert one & other == set()
    data = [mount for node in NODES for mount in SERVICES[node]["volumes"]]
    assert len(set(data)) == len(NODES)


def test_no_two_services_listen_on_one_port() -> None:
    listening = [port for name in SERVICES for port in sorted(_listens_on(name))]
    assert len(listening) == 2 + 1 + 1 + 3 * len(NODES) + 1 + 2  # both installations
    assert len(set(listening)) == len(listening)


def test_health_is_asked_of_the_service_itself() -> None:
    for name, service in SERVICES.items():
        if "healthcheck" in service and name != "postgres":
            asked = PORT.findall(" ".join(service["healthcheck"]["test"]))
            assert set(asked) <= _listens_on(name), name
            assert asked, name


def test_each_node_has_routes_to_all() -> None:
    routes = re.findall(rf"nats://onemanage:{re.escape(PASSWORD)}@(\S+)\"", CONTENT)
    assert routes == [SERVICES[node]["environment"]["NATS_ROUTE"] for node in NODES]
    names = {SERVICES[node]["environment"]["NATS_NAME"] for node in NODES}
    assert len(names) == len(NODES)


@pytest.mark.parametrize("node", NODES)
def test_nats_server_accepts_the_configuration(node: str, tmp_path: Path) -> None:
    given = SERVICES[node]["environment"]
    assert given["NATS_PASSWORD"] == PASSWORD
    assert set(re.findall(r"\$\$(\w+)", CONTENT)) == given.keys()
    text = CONTENT.replace(PASSWORD, "a1").replace("$$", "$")
    file = tmp_path / "nats.conf"
    file.write_text(text.replace("/data", str(tmp_path)))
    done = subprocess.run(
        [binary(), "--config", file, "-t"],
        env={name: str(value) for name, value in given.items()}
        | {"NATS_PASSWORD": "a1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
