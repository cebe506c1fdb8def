"""The process that holds the sockets, started with the descriptor of its orders.

Plain sockets and epoll: on two cores, whoever receives must cost less than whoever
sends. What is told to whom is in `orders`.
"""

import gc
import json
import select
import socket
import sys
import time
from array import array
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from tests.performance.bridge.frames import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    client_frame,
    client_message,
    frames,
)
from tests.performance.bridge.orders import (
    Aborted,
    Arrivals,
    Collect,
    Leave,
    Left,
    Order,
    Reached,
    Stall,
    Subscribe,
    Subscribed,
    Told,
    Trouble,
)
from tests.performance.bridge.question import JOB_EVENTS, OPERATION_ID
from tests.performance.bridge.sequence import Disorder, Sequence

READ_BYTES: Final = 262_144
UPGRADE: Final = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
INIT: Final = client_message({"type": "connection_init"})


def run(orders: Connection) -> None:
    """Obey until the other end is closed."""
    gc.freeze()
    with suppress(EOFError, BrokenPipeError):
        Peers(orders).run()


class Peer:
    """One socket: its handshakes, then its sequence of events."""

    __slots__ = ("is_stalled", "is_upgraded", "rest", "sequence", "socket", "subscribe")

    def __init__(self, end: socket.socket, subscribe: bytes, seen: int) -> None:
        self.socket = end
        self.subscribe = subscribe
        self.sequence = Sequence(seen)
        self.rest = b""
        self.is_upgraded = False
        self.is_stalled = False


class Peers:
    """All sockets."""

    def __init__(self, orders: Connection) -> None:
        self._orders = orders
        self._poll = select.epoll()
        self._poll.register(orders.fileno(), select.EPOLLIN)
        self._begin()

    def _begin(self) -> None:
        self._peers: dict[int, Peer] = {}
        self._reading = 0
        self._arrivals: dict[int, array[float]] = {}
        self._deliveries = 0
        self._opened = 0
        self._waiting: list[tuple[Subscribe, int]] = []

    def run(self) -> None:
        """Serve sockets and orders until the pipe is closed."""
        own = self._orders.fileno()
        while True:
            for descriptor, happened in self._poll.poll():
                if descriptor == own:
                    self._obey(self._orders.recv())
                elif peer := self._peers.get(descriptor):
                    self._serve(peer, happened)

    def _obey(self, order: Order) -> None:
        match order:
            case Subscribe():
                self._waiting = [(order, n) for n in reversed(range(order.sockets))]
                for _ in range(min(order.at_once, order.sockets)):
                    self._open_next()
            case Stall(count):
                for peer in list(self._peers.values())[:count]:
                    self._stall(peer)
            case Collect():
                times = {n: found.tobytes() for n, found in self._arrivals.items()}
                self._arrivals = {}
                self._tell(Arrivals(times))
            case Leave():
                self._leave()

    def _tell(self, what: Told) -> None:
        self._orders.send(what)

    def _open_next(self) -> None:
        if not self._waiting:
            return
        order, number = self._waiting.pop()
        variables: dict[str, str] = {"id": order.job_ids[number % len(order.job_ids)]}
        if cursor := order.after[number % len(order.after)]:
            variables["after"] = cursor
        payload = {"query": JOB_EVENTS, "variables": variables}
        message = {"type": "subscribe", "id": OPERATION_ID, "payload": payload}
        end = socket.socket()
        if order.receive_buffer is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, order.receive_buffer)
        end.connect(("127.0.0.1", order.port))
        end.setblocking(False)
        end.send(UPGRADE % order.port)
        seen = order.seen[number % len(order.seen)]
        peer = Peer(end, client_message(message), seen)
        self._peers[end.fileno()] = peer
        self._reading += 1
        self._poll.register(end.fileno(), select.EPOLLIN)

    def _stall(self, peer: Peer) -> None:
        peer.is_stalled = True
        self._reading -= 1
        self._poll.modify(peer.socket.fileno(), 0)

    def _serve(self, peer: Peer, happened: int) -> None:
        if peer.is_stalled:
            if happened & (select.EPOLLHUP | select.EPOLLERR):
                self._drop(peer)
                self._tell(Aborted())
            return
        try:
            data = peer.socket.recv(READ_BYTES)
            if not data:
                raise Disorder("the connection was closed")
            self._read(peer, data)
        except (OSError, ValueError, Disorder) as error:
            self._drop(peer)
            self._reading -= 1
            self._tell(Trouble(repr(error)))

    def _read(self, peer: Peer, data: bytes) -> None:
        now = time.monotonic()
        data = peer.rest + data if peer.rest else data
        if not peer.is_upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                peer.rest = head
                return
            self._upgrade(peer, head)
        place = 0
        for opcode, start, stop in frames(data):
            place = stop
            if opcode == TEXT:
                self._take(peer, data, start, stop, now)
            elif opcode == PING:
                peer.socket.send(client_frame(data[start:stop], PONG))
            elif opcode == CLOSE:
                raise Disorder(f"closed with {data[start:stop]!r}")
        peer.rest = data[place:]

    def _upgrade(self, peer: Peer, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 101"):
            raise Disorder(head.decode(errors="replace"))
        peer.is_upgraded = True
        peer.socket.send(INIT)

    def _acknowledge(self, peer: Peer, message: bytes) -> None:
        if json.loads(message)["type"] != "connection_ack":
            raise Disorder(f"no acknowledgement but {message!r}")
        peer.socket.send(peer.subscribe)
        peer.subscribe = b""

    def _take(self, peer: Peer, data: bytes, start: int, stop: int, now: float) -> None:
        if peer.subscribe:
            self._acknowledge(peer, data[start:stop])
            return
        if not peer.sequence.take(data, start, stop):
            self._opened += 1
            self._open_next()
            self._tell(Subscribed(self._opened))
            return
        self._deliveries += 1
        number = peer.sequence.seen
        arrivals = self._arrivals.get(number)
        if arrivals is None:
            arrivals = self._arrivals[number] = array("d")
        arrivals.append(now)
        if len(arrivals) == self._reading:
            self._tell(Reached(number))

    def _drop(self, peer: Peer) -> None:
        del self._peers[peer.socket.fileno()]
        peer.socket.close()

    def _leave(self) -> None:
        for peer in self._peers.values():
            peer.socket.close()
        deliveries = self._deliveries
        self._begin()
        self._tell(Left(deliveries))


if __name__ == "__main__":
    run(Connection(int(sys.argv[1])))
