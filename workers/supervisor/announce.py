"""What is said once OneManage serves: the sample's result and the addresses."""

import asyncio
import sys
import time
import urllib.request
from collections.abc import Callable
from http import HTTPStatus

from loguru import logger

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 60.0


def announce(
    local_url: str, public_url: str, demo: bool, stopping: Callable[[], bool]
) -> None:
    """Wait until the gateway is ready, show the sample, print the addresses."""
    if not _wait_until_ready(local_url, stopping):
        return
    if demo:
        _show_sample(local_url)
    lines = [f"OneManage is serving on {public_url}"]
    lines.append(f"Console             {public_url}/")
    lines.append(f"GraphiQL            {public_url}/graphql")
    print("\n" + "\n".join(lines) + "\n", file=sys.stderr, flush=True)


def _wait_until_ready(url: str, stopping: Callable[[], bool]) -> bool:
    warn_at = time.monotonic() + PATIENCE_SECONDS
    while not stopping():
        if _is_ready(url):
            return True
        if time.monotonic() > warn_at:
            logger.warning("{}/readyz does not answer 200 yet", url)
            warn_at += PATIENCE_SECONDS
        time.sleep(POLL_SECONDS)
    return False


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def _show_sample(url: str) -> None:
    # Imported late, for it takes a while and is seldom needed.
    from workers.demo import run_demo

    try:
        asyncio.run(run_demo(url))
    except Exception:
        logger.exception("The sample did not work out; OneManage keeps serving")
