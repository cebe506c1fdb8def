"""Imports that pause at the window that a file names, given to `taskiq worker`.

The file ``pause`` in the data directory holds the window's name; ``paused`` appears
beside it when an import has come there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

from core.config import get_settings
from features.data_import.attempt import ImportAttempt
from features.data_import.storing import Storing

WINDOWS: Final = ("begun", "opened", "copied", "merged", "recorded", "committed")
_METHODS: Final[tuple[tuple[type[Any], str], ...]] = (
    (ImportAttempt, "begin"),
    (Storing, "open"),
    (Storing, "copy"),
    (Storing, "merge"),
    (Storing, "record"),
    (ImportAttempt, "work"),
)


async def _pause_at(window: str) -> None:
    directory = get_settings().data_dir
    asked = directory / "pause"
    if asked.exists() and asked.read_text() == window:
        (directory / "paused").touch()
        while asked.exists():
            await asyncio.sleep(0.05)


def _pausing[**P, T](
    method: Callable[P, Awaitable[T]], window: str
) -> Callable[P, Awaitable[T]]:
    @wraps(method)
    async def pausing(*args: P.args, **kwargs: P.kwargs) -> T:
        answer = await method(*args, **kwargs)
        await _pause_at(window)
        return answer

    return pausing


for (_kind, _name), _window in zip(_METHODS, WINDOWS, strict=True):
    setattr(_kind, _name, _pausing(getattr(_kind, _name), _window))
