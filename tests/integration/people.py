"""People with a socket each, on a gateway that a test can reach into."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from core.security import Caller
from tests.integration.gateway import Gateway
from tests.integration.sockets import Socket, dial
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_jobs.plant import Site

PATIENCE_SECONDS = 30.0


class Feed:
    """One operation: what its client was sent."""

    def __init__(self, key: str, news: asyncio.Condition) -> None:
        self.key = key
        self.results: list[Any] = []
        self.errors: list[Any] | None = None
        self.is_over = False
        self._news = news

    @property
    def seen(self) -> list[Any]:
        """Return what the operation's field showed, each time."""
        return [_shown(result) for result in self.results]

    async def until(self, holds: Callable[[Any], bool]) -> list[Any]:
        """Wait for an event of which `holds` is true; return all up to it."""
        await self._when(lambda: any(map(holds, self.seen)))
        return self.seen

    async def count(self, number: int) -> list[Any]:
        """Wait until so many events have come."""
        await self._when(lambda: len(self.results) >= number)
        return self.seen

    async def end(self) -> list[Any]:
        """Wait for `complete` or `error`; return all events."""
        await self.over()
        return self.seen

    async def over(self) -> None:
        """Wait for `complete` or `error`."""
        await self._when(lambda: self.is_over)

    async def _when(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: self.is_over or holds())
        assert holds(), (self.errors, self.results)


def _shown(result: Any) -> Any:
    assert result.keys() == {"data"}, result
    (event,) = result["data"].values()
    return event


class Person:
    """Somebody with one socket, and all operations on it."""

    def __init__(self, caller: Caller, socket: Socket) -> None:
        self.caller = caller
        self.order: list[tuple[str, str]] = []
        self._socket = socket
        self._feeds: dict[str, Feed] = {}
        self._news = asyncio.Condition()

    async def begin(self, document: str, **variables: Any) -> Feed:
        """Send an operation."""
        feed = Feed(str(len(self._feeds)), self._news)
        self._feeds[feed.key] = feed
        await self._socket.subscribe(feed.key, document, **variables)
        return feed

    async def watch(self, document: str, **variables: Any) -> Feed:
        """Begin a subscription that is told of all that comes from now on."""
        feed = await self.begin(document, **variables)
        await self.ask("{ __typename }")  # answered behind it
        return feed

    async def ask(self, document: str, **variables: Any) -> Any:
        """Run a query or a mutation; return its data."""
        feed = await self.begin(document, **variables)
        await feed.over()
        (result,) = feed.results
        assert result.keys() == {"data"}, result
        return result["data"]

    async def leave(self, feed: Feed) -> None:
        """End a subscription."""
        await self._socket.send({"type": "complete", "id": feed.key})
        await self.ask("{ __typename }")

    async def listen(self) -> None:
        """Sort what comes until the socket is closed."""
        with suppress(ConnectionClosed):
            while True:
                message = await self._socket.receive()
                async with self._news:
                    self._sort(message)
                    self._news.notify_all()

    def _sort(self, message: Any) -> None:
        self.order.append((message["type"], message["id"]))
        feed = self._feeds[message["id"]]
        assert not feed.is_over, message
        match message["type"]:
            case "next":
                feed.results.append(message["payload"])
            case "error":
                feed.errors, feed.is_over = message["payload"], True
            case "complete":
                feed.is_over = True
            case _:
                raise AssertionError(message)


class Stage:
    """A gateway in this process, real jobs, and people who watch them."""

    def __init__(self, gateway: Gateway, site: Site) -> None:
        self.gateway = gateway
        self.site = site
        self.bench = site.bench
        self.url = f"{gateway.base_url}/graphql"

    async def member(self) -> Caller:
        """Make a person who is no administrator."""
        return await self.bench.new_member()

    @asynccontextmanager
    async def person(self, caller: Caller = ADMINISTRATOR) -> AsyncIterator[Person]:
        """Connect somebody."""
        self.gateway.call_as(caller)
        async with dial(self.gateway.base_url, max_queue=None) as socket:
            await socket.init()
            person = Person(caller, socket)
            listening = asyncio.create_task(person.listen())
            yield person
            socket.abort()
            await listening

    async def start(self, owner: Caller, **changes: Any) -> str:
        """Start a job of somebody's; it is queued until a test does something."""
        return (await self.bench.start(owner_id=owner.user_id, **changes)).id

    async def cancel(self, job_id: str) -> None:
        """End a job."""
        await self.bench.jobs.cancel(ADMINISTRATOR, job_id)

    async def short(self, owner: Caller, **changes: Any) -> str:
        """Start a job and cancel it: two events."""
        job_id = await self.start(owner, **changes)
        await self.cancel(job_id)
        return job_id
