"""Show what OneManage does: send it the sample design, through the public API alone."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from workers.demo.api import Api, checked
from workers.demo.errors import DemoError
from workers.demo.events import TERMINAL, follow_job
from workers.demo.progress import Display, display_for
from workers.demo.queries import ANY_DOCUMENT, CREATE_UPLOAD, DOCUMENT, PARSE_PSD
from workers.demo.summary import print_links, print_summary

Json = dict[str, Any]

FILENAME: Final = "云音 product page.psd"
_ROOT: Final = Path(__file__).parents[2]
SILENCE_SECONDS: Final = 120.0
_CHUNK_BYTES: Final = 64 * 1024


async def run_demo(base_url: str) -> None:
    """Send the sample to a server that has no document yet, and show what comes of it.

    Where it fails, what happened and what to do is printed; nothing is raised.
    """
    console = Console()
    base_url = base_url.rstrip("/")
    try:
        async with Api(base_url) as api:
            data = await api.execute(ANY_DOCUMENT)
            count = data["psdDocuments"]["totalCount"]
            if count:
                console.print(f"No sample is needed: {count} parsed designs are here.")
                return
            await show_sample(api, console)
    except DemoError as error:
        console.print(f"The sample did not work out. {error.what}", markup=False)
        console.print(error.advice, markup=False)


async def show_sample(api: Api, console: Console) -> None:
    """Make the sample, send it, and print what came out; DemoError where it fails."""
    console.print("Making a sample design, and sending it through the public API …")
    with tempfile.TemporaryDirectory(prefix="onemanage-") as folder:
        path = Path(folder) / FILENAME
        await _make_sample(path)
        began = time.monotonic()
        with display_for(console) as display:
            file_id = await _upload(api, path, display)
            document_id = await _parse(api, file_id, display)
        seconds = time.monotonic() - began
    data = await api.execute(DOCUMENT, {"id": document_id})
    if data["psdDocument"] is None:
        raise DemoError(f"{document_id} cannot be found.", "See the gateway's log.")
    print_summary(console, data["psdDocument"], seconds)
    print_links(console, api.base_url, document_id)


async def _make_sample(path: Path) -> None:
    """Draw it in a process of its own, which is gone with its memory afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers.demo.sample", str(path)),
        cwd=_ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, complaint = await process.communicate()
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        last = complaint.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        raise DemoError(
            f"The design could not be drawn: {last}", "Run `make run` anew."
        )


async def _upload(api: Api, path: Path, display: Display) -> str:
    size = path.stat().st_size
    variables = {
        "filename": path.name,
        "size": size,
        "contentType": "image/vnd.adobe.photoshop",
    }
    data = await api.execute(CREATE_UPLOAD, {"input": variables})
    payload = checked(data["createUpload"])
    await api.send(payload["target"], _chunks(path, display), size)
    return str(payload["file"]["id"])


async def _chunks(path: Path, display: Display) -> AsyncIterator[bytes]:
    body = await asyncio.to_thread(path.read_bytes)
    for start in range(0, len(body), _CHUNK_BYTES):
        yield body[start : start + _CHUNK_BYTES]
        display.uploaded(min(start + _CHUNK_BYTES, len(body)), len(body))


async def _parse(api: Api, file_id: str, display: Display) -> str:
    """Start the parse and follow it to its end; return the document's id."""
    data = await api.execute(PARSE_PSD, {"fileId": file_id})
    payload = checked(data["parsePsd"])
    job_id, cursor = payload["job"]["id"], payload["cursor"]
    event = await _watch(follow_job(api.base_url, job_id, cursor), job_id, display)
    if event["__typename"] == "JobSucceeded":
        return str(event["job"]["result"]["id"])
    reason = "it was canceled"
    if event["__typename"] == "JobFailed":
        reason = f"{event['error']['message']} ({event['error']['code']})"
    raise DemoError(
        f"The parse of the sample failed: {reason}", "See the worker's log for the job."
    )


async def _watch(
    events: AsyncGenerator[Json, None], job_id: str, display: Display
) -> Json:
    """Show each event as it comes; return the last."""
    event: Json = {}
    async with aclosing(events):
        while event.get("__typename") not in TERMINAL:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    event = await anext(events)
            except TimeoutError:
                raise DemoError(
                    f"Nothing has been heard of {job_id} for {SILENCE_SECONDS:g} s.",
                    "See the worker's log; the job runs as soon as a worker takes it.",
                ) from None
            display.happened(event)
    return event
