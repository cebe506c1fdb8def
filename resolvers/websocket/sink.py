"""Where one operation's results go: messages with its id."""

from collections.abc import Callable

import msgspec

from resolvers.operations import Operation
from resolvers.sink import Port
from resolvers.websocket.channel import Channel
from resolvers.websocket.codes import CloseCode


class OperationSink:
    """Sends what an operation gives; its head is made once, each payload elsewhere."""

    __slots__ = ("_channel", "_forget", "_head", "_id", "_is_over", "operation")

    def __init__(
        self, channel: Channel, id: str, forget: Callable[[str], object]
    ) -> None:
        """Send to `channel`; call `forget` with the id when the operation is over."""
        self.operation: Operation | None = None
        self._channel = channel
        self._forget = forget
        self._id = id
        self._head = _head(id, b"next")
        self._is_over = False

    def opened(self) -> None:
        """Do nothing: the protocol has no word for it."""

    def next(self, result: bytes, cursor: str | None) -> bool:
        """Send a result where there is room; one that is not wanted any more is gone."""
        return self._is_over or self._channel.offer(self._head, result)

    def port(self) -> Port:
        """Return the way past this object to its channel."""
        return Port(self._channel.offer, self._head)

    def error(self, errors: bytes) -> None:
        """Send errors as the operation's end."""
        if not self._is_over:
            self._end()
            send_error(self._channel, self._id, errors)

    def complete(self) -> None:
        """Send the operation's end."""
        if not self._is_over:
            self._end()
            message = {"id": self._id, "type": "complete"}
            self._channel.write(msgspec.json.encode(message))

    def interrupt(self) -> None:
        """Close the connection: the protocol has no other word that a client resumes on."""
        if not self._is_over:
            self._end()
            self._channel.close(CloseCode.TRY_AGAIN_LATER, "Try again later")

    async def drained(self) -> None:
        """Wait for room."""
        await self._channel.drained()

    def stop(self) -> None:
        """Stop the operation; nothing that it still gives is sent."""
        self._is_over = True
        if self.operation is not None:
            self.operation.stop()
            self.operation = None

    def _end(self) -> None:
        self._is_over = True
        self.operation = None
        self._forget(self._id)


def send_error(channel: Channel, id: str, errors: bytes) -> None:
    """Send a JSON list of errors as the end of an operation."""
    channel.write(b"%b%b}" % (_head(id, b"error"), errors))


def _head(id: str, kind: bytes) -> bytes:
    """Return a message up to its payload."""
    return b'{"id":%b,"type":"%b","payload":' % (msgspec.json.encode(id), kind)
