"""One connection of a client: its state, its operations, and what ends it."""

from typing import ClassVar, Final

import msgspec
from graphql import GraphQLError
from loguru import logger

from core.config import Settings
from core.errors import AppError, ErrorCode
from core.security import Caller
from features.users.services import UsersService
from resolvers.counting import Transport
from resolvers.operations import Operations, encoded_errors
from resolvers.places import Places
from resolvers.websocket.channel import Channel
from resolvers.websocket.codes import CloseCode
from resolvers.websocket.messages import (
    BadMessage,
    Complete,
    ConnectionInit,
    Message,
    Ping,
    Subscribe,
    parse,
)
from resolvers.websocket.sink import OperationSink, send_error

_ACK: Final = b'{"type":"connection_ack"}'
_PONG: Final = b'{"type":"pong"}'
# What a WebSocket's closing frame has room for.
_MAX_REASON_BYTES: Final = 123


class Connection:
    """Speaks graphql-transport-ws. A bad message closes it; a bad operation does not."""

    __slots__ = (
        *("_caller", "_channel", "_operations", "_places", "_settings", "_sinks"),
        *("_still", "_taken", "_unopened", "_users", "__weakref__"),
    )

    # How many were let go because they read nothing.
    stalled: ClassVar[int] = 0

    def __init__(
        self,
        channel: Channel,
        operations: Operations,
        users: UsersService,
        places: Places,
        settings: Settings,
    ) -> None:
        self._channel = channel
        self._operations = operations
        self._users = users
        self._places = places
        self._settings = settings
        self._caller: Caller | None = None
        self._sinks: dict[str, OperationSink] = {}
        self._unopened = self._still = self._taken = 0

    def hear(self, text: str | None) -> None:
        """Act on one message; None: one that is no text."""
        try:
            if text is None:
                raise BadMessage("WebSocket message type must be text")
            self._act(parse(text))
        except BadMessage as problem:
            self.close(CloseCode.BAD_MESSAGE, str(problem))

    def tick(self) -> None:
        """Look, once a second, whether the client does its part.

        Seconds are counted here, not read from a clock: one that was stopped, or that
        the machine had no time for, would find all its clients guilty.
        """
        if self._caller is None:
            self._unopened += 1
            if self._unopened > self._settings.connection_init_seconds:
                reason = "Connection initialisation timeout"
                self.close(CloseCode.INIT_TIMEOUT, reason)
        waiting, taken = self._channel.progress()
        self._still = self._still + 1 if waiting and taken == self._taken else 0
        self._taken = taken
        if self._still > self._settings.slow_client_seconds:
            self._let_go(self._settings.slow_client_seconds)
        self._channel.keep_alive()

    def _let_go(self, seconds: float) -> None:
        logger.info("A client that has read nothing for {:g} s is let go", seconds)
        reason = f"Nothing was read for {seconds:g} s"
        self.close(CloseCode.TRY_AGAIN_LATER, reason)
        Connection.stalled += 1
        self._still = 0

    def close(self, code: CloseCode, reason: str) -> None:
        """End the connection with a code and as much of a reason as there is room for."""
        whole = reason.encode(errors="replace")
        fitting = whole[:_MAX_REASON_BYTES].decode(errors="ignore")
        self._stop_all()
        self._channel.close(code, fitting)

    def end(self) -> None:
        """Stop everything; the client has gone."""
        self._stop_all()
        self._channel.end()
        if self._caller is not None:
            self._places.leave(self._caller.user_id)

    def _stop_all(self) -> None:
        sinks, self._sinks = self._sinks, {}
        for sink in sinks.values():
            sink.stop()

    def _act(self, message: Message) -> None:
        match message:
            case Subscribe():
                self._subscribe(message)
            case Complete(id=id):
                if sink := self._sinks.pop(id, None):
                    sink.stop()
            case Ping(payload=None):
                self._channel.write(_PONG)
            case Ping(payload=payload):
                pong = {"type": "pong", "payload": payload}
                self._channel.write(msgspec.json.encode(pong))
            case ConnectionInit():
                self._open()

    def _open(self) -> None:
        if self._caller is not None:
            reason = "Too many initialisation requests"
            self.close(CloseCode.TOO_MANY_INITS, reason)
            return
        try:
            caller = self._users.local_caller()
        except AppError as refusal:
            self.close(CloseCode.FORBIDDEN, refusal.message)
            return
        most = self._settings.connections_per_user
        if not self._places.take(caller.user_id, most):
            reason = f"At most {most} connections of one user may be open"
            self.close(CloseCode.TRY_AGAIN_LATER, reason)
            return
        self._caller = caller
        self._channel.write(_ACK)

    def _subscribe(self, message: Subscribe) -> None:
        if self._caller is None:
            self.close(CloseCode.UNAUTHORIZED, "Unauthorized")
        elif message.id in self._sinks:
            reason = f"Subscriber for {message.id} already exists"
            self.close(CloseCode.ID_IN_USE, reason)
        elif len(self._sinks) >= (most := self._settings.operations_per_connection):
            problem = f"At most {most} operations may run on one connection."
            self._refuse(message.id, AppError(ErrorCode.LIMIT_EXCEEDED, problem))
        else:
            self._start(message, self._caller)

    def _refuse(self, id: str, cause: AppError) -> None:
        self._operations.counts.refused(Transport.WEBSOCKET)
        error = GraphQLError(cause.message, original_error=cause)
        send_error(self._channel, id, encoded_errors([error]))

    def _start(self, message: Subscribe, caller: Caller) -> None:
        sink = OperationSink(self._channel, message.id, self._forget)
        # Before it starts: it may be over when `start` returns.
        self._sinks[message.id] = sink
        sink.operation = self._operations.start(message.request, caller, sink)

    def _forget(self, id: str) -> None:
        self._sinks.pop(id, None)
