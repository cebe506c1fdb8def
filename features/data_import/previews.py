"""What is in a file, told by the gateway before anything is stored."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Final

from core.config import Settings
from core.errors import AppError, ErrorCode
from core.processes import ProcessDied, ProcessFailed, ProcessPool, ProcessTimeout
from core.security import Caller
from features.data_import.failures import SMALLER, limits_of
from features.data_import.services import target_of
from features.data_import.utils.asked import check_read
from features.data_import.utils.messages import Order, Preview
from features.data_import.utils.previewing import preview
from features.data_import.utils.types import ReadOptions
from features.files.services import FilesService

PREVIEW_SECONDS: Final = 20.0
WAIT_SECONDS: Final = 40.0
AT_ONCE_PER_USER: Final = 2
_FILE: Final = ("fileId",)


class ImportPreviews:
    """Looks into files in a process that a hostile one may kill."""

    def __init__(
        self, files: FilesService, pool: ProcessPool, settings: Settings
    ) -> None:
        self._files = files
        self._pool = pool
        self._limits = limits_of(settings)
        self._asking: Counter[str] = Counter()

    async def preview(
        self, caller: Caller, file_id: str, target: str | None, read: ReadOptions
    ) -> Preview:
        """Return what an import would see in an uploaded file.

        AppError for a file that is not there, not the caller's, or cannot be read.
        """
        target_of(target, ("target",))
        check_read(read, ("read",))
        async with self._turn(caller.user_id):
            owner_id = None if caller.is_admin else caller.user_id
            file = await self._files.require_ready(owner_id, file_id, _FILE)
            order = Order(file.filename, read, self._limits, target)
            async with self._files.materialize(file) as source:
                looking = self._pool.stream(
                    preview,
                    source,
                    order,
                    result_type=Preview,
                    timeout=PREVIEW_SECONDS,
                )
                with _refusals():
                    async with asyncio.timeout(WAIT_SECONDS), aclosing(looking):
                        async for found in looking:
                            return found
        raise AssertionError("a preview is one item")

    @asynccontextmanager
    async def _turn(self, user_id: str) -> AsyncIterator[None]:
        if self._asking[user_id] >= AT_ONCE_PER_USER:
            raise AppError(
                ErrorCode.LIMIT_EXCEEDED,
                f"{AT_ONCE_PER_USER} previews of yours are being made. Ask again when "
                "they are there.",
            )
        self._asking[user_id] += 1
        try:
            yield
        finally:
            self._asking[user_id] -= 1
            if not self._asking[user_id]:
                del self._asking[user_id]


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what befalls the process into what the caller is told."""
    try:
        yield
    except AppError as error:
        # The import's path of an option, less the input that a query does not have.
        error.field = error.field[1:] if error.field[:1] == ("input",) else _FILE
        raise
    except ProcessTimeout as error:
        raise _refused(
            f"Looking into this file took longer than {PREVIEW_SECONDS:g} s. Import it "
            "without a preview."
        ) from error
    except TimeoutError as error:
        raise _refused("Too many previews are being made. Ask again later.") from error
    except MemoryError as error:
        raise _refused(
            f"This file needs more memory than is allowed. {SMALLER}"
        ) from error
    except ProcessDied as error:
        if error.out_of_memory:
            raise _refused(
                f"This file needs more memory than is allowed. {SMALLER}"
            ) from error
        raise _broken() from error
    except ProcessFailed as error:
        raise _broken() from error


def _refused(message: str) -> AppError:
    return AppError(ErrorCode.LIMIT_EXCEEDED, message, field=_FILE)


def _broken() -> AppError:
    return AppError(
        ErrorCode.CORRUPT_FILE,
        "This file cannot be read: the process that tried to has died. Save it again, "
        "and upload that.",
        field=_FILE,
    )
