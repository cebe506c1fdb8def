"""Other people's clients, run by Node.js: what each of them says that it has seen."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE_SECONDS = 60.0


@asynccontextmanager
async def client(
    script: str, url: str, request: dict[str, Any], *options: str
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Run a client; give what it says, as it says it."""
    process = await asyncio.create_subprocess_exec(
        "node", script, url, json.dumps(request), *options, cwd=HERE, stdout=-1
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield _said(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _said(
    process: asyncio.subprocess.Process,
) -> AsyncIterator[dict[str, Any]]:
    assert process.stdout is not None
    async for line in process.stdout:
        yield json.loads(line)


async def all_said(
    script: str, url: str, request: dict[str, Any], *options: str
) -> list[dict[str, Any]]:
    """Run a client to its end."""
    async with client(script, url, request, *options) as said:
        return [what async for what in said]
