"""Subscribers that go on behind their last cursor, on whichever gateway answers."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from websockets.exceptions import WebSocketException

from events.cursor import decode_cursor
from tests.chaos.facts import Seen, Watched
from tests.integration.sockets import Socket, dial
from tests.integration.watching import JOB_EVENTS

# So long without a message, and the subscriber tries the other gateway.
STALL_SECONDS: Final = 10.0
OPEN_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 0.2
BROKEN: Final = (OSError, TimeoutError, EOFError, WebSocketException)


class Troubled(Exception):
    """The gateway could not answer just now: a reason to connect again."""


class Watcher:
    """One subscription to a job's events over as many sockets as it takes.

    With `cuts` its sockets are also cut at random by the subscriber itself.
    """

    def __init__(
        self,
        job_id: str,
        after: str | None,
        gateways: Sequence[str],
        random: Random,
        *,
        cuts: bool = False,
    ) -> None:
        self.job_id = job_id
        self.sockets = 0
        self.troubles = 0
        self._is_whole = after is not None
        self._after = after
        self._gateways = list(gateways)
        self._random = random
        self._cuts = cuts
        self._is_complete = False
        self._seen: list[Seen] = []

    @property
    def watched(self) -> Watched:
        """What has been seen so far."""
        return Watched(
            self.job_id, self._is_whole, self._is_complete, tuple(self._seen)
        )

    async def watch(self) -> str:
        """Watch the job to its end; return the status that was seen last."""
        self._random.shuffle(self._gateways)
        while not self._is_complete:
            url = self._gateways[self.sockets % len(self._gateways)]
            self.sockets += 1
            try:
                async with asyncio.timeout(self._life()):
                    await self._read_once(url)
            except (*BROKEN, Troubled) as broken:
                self.troubles += isinstance(broken, Troubled)
                await asyncio.sleep(RETRY_SECONDS)
        return self._seen[-1].status if self._seen else ""

    def _life(self) -> float | None:
        return self._random.uniform(0.05, 3.0) if self._cuts else None

    async def _read_once(self, url: str) -> None:
        """Read from one socket until it breaks, or to the end of the subscription."""
        async with dial(url, open_timeout=OPEN_SECONDS) as socket:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    await socket.init()
                await socket.subscribe(
                    "1", JOB_EVENTS, id=self.job_id, after=self._after
                )
                await self._read(socket)
            finally:
                socket.abort()

    async def _read(self, socket: Socket) -> None:
        while not self._is_complete:
            async with asyncio.timeout(STALL_SECONDS):
                message = await socket.receive()
            if message["type"] == "complete":
                self._is_complete = True
            else:
                self._take(message)

    def _take(self, message: Any) -> None:
        payload = message["payload"]
        errors = payload if message["type"] == "error" else payload.get("errors")
        if errors:
            codes = {error["extensions"]["code"] for error in errors}
            assert codes == {"INTERNAL"}, f"{self.job_id}: {errors}"
            raise Troubled
        event = payload["data"]["jobEvents"]
        self._after = event["cursor"]
        number = decode_cursor(event["cursor"]).job_seq
        status = event["job"]["status"] if event["job"] else ""
        self._seen.append(Seen(event["__typename"], number, status))
