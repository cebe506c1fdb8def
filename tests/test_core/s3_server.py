"""A real S3 server for tests, one that checks signatures: SeaweedFS."""

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from workers.embedded.state import free_port

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key"


@dataclass(frozen=True)
class S3Server:
    """Where the server answers."""

    url: str


@cache
def running_s3_server() -> S3Server:
    """Start the server once per test process; it ends with the process."""
    directory = Path(tempfile.mkdtemp(prefix="onemanage-s3-"))
    port = free_port()
    process = subprocess.Popen(
        _command(directory, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    atexit.register(_stop, process, directory)
    url = f"http://127.0.0.1:{port}"
    _wait_for(f"{url}/healthz", process)
    return S3Server(url)


def _command(directory: Path, port: int) -> list[str]:
    identities = directory / "identities.json"
    identities.write_text(
        json.dumps(
            {
                "identities": [
                    {
                        "name": "test",
                        "credentials": [
                            {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
                        ],
                        "actions": ["Admin", "Read", "Write", "List"],
                    }
                ]
            }
        )
    )
    ports = (
        "master.port master.port.grpc volume.port volume.port.grpc "
        "filer.port filer.port.grpc s3.port.grpc"
    )
    return [
        str(Path(sys.executable).with_name("weed")),
        "server",
        f"-dir={directory}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-volume.max=0",
        "-master.telemetry=false",
        "-s3",
        f"-s3.port={port}",
        f"-s3.config={identities}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}={free_port()}" for name in ports.split()),
    ]


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the S3 server did not start")


def _stop(process: subprocess.Popen[bytes], directory: Path) -> None:
    process.kill()
    process.wait()
    shutil.rmtree(directory, ignore_errors=True)
