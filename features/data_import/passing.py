"""What the importing process tells, passed on: rows to the copy, errors to their store."""

from collections.abc import AsyncGenerator, AsyncIterator

from features.data_import.progress import ImportProgress
from features.data_import.rejections import Rejections
from features.data_import.utils.messages import (
    Checked,
    Finished,
    Message,
    Opened,
    Profiled,
    Restart,
)
from features.data_import.utils.types import EncodedRows


class Restarted(Exception):
    """What was told since Opened does not hold; another Opened follows."""


class Passing:
    """One call of the importing process, read once from its beginning to its end."""

    def __init__(
        self,
        messages: AsyncGenerator[Message, None],
        progress: ImportProgress,
        rejections: Rejections,
    ) -> None:
        self._messages = messages
        self._progress = progress
        self._rejections = rejections

    async def opened(self) -> Opened:
        """Wait until it is known what the columns hold."""
        async for message in self._messages:
            match message:
                case Opened():
                    self._progress.opened(message)
                    return message
                case Profiled():
                    self._progress.profiled(message)
        raise RuntimeError("the importing process ended before it had opened the file")

    async def chunks(self) -> AsyncIterator[EncodedRows]:
        """Yield all good rows as COPY takes them; raise Restarted amid them.

        Behind its end the process is free for others.
        """
        has_finished = False
        async for message in self._messages:
            match message:
                case Checked():
                    self._progress.checked(message)
                    rejected = message.rows_read - message.rows_good
                    await self._rejections.add(message.errors, rejected)
                    if message.copy:
                        yield message.copy
                case Finished():
                    has_finished = True
                case Restart():
                    raise Restarted
        if not has_finished:
            raise RuntimeError("the importing process ended before the file did")
