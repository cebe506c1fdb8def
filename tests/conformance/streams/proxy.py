"""A network between a client and the gateway that breaks where a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class BreakingProxy:
    """Passes bytes on; each of the first connections breaks behind so many events."""

    def __init__(self, target: str, cuts: list[int]) -> None:
        self._target = urlsplit(target)
        self._cuts = cuts
        self.connections = 0
        self.base_url = ""

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one connection on."""
        number, self.connections = self.connections, self.connections + 1
        most = self._cuts[number] if number < len(self._cuts) else None
        upstream = await asyncio.open_connection(
            self._target.hostname, self._target.port
        )
        asked = asyncio.create_task(self._ask(reader, upstream[1]))
        try:
            await self._answer(upstream[0], writer, most)
        finally:
            asked.cancel()
            upstream[1].transport.abort()
            writer.transport.abort()

    async def _ask(
        self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            upstream.write(data)
        upstream.write_eof()

    async def _answer(
        self,
        upstream: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        most: int | None,
    ) -> None:
        events = 0
        while line := await upstream.readline():
            if line.startswith(b"event: next"):
                events += 1
                if most is not None and events > most:
                    return
            writer.write(line)
            await writer.drain()


@asynccontextmanager
async def breaking(base_url: str, cuts: list[int]) -> AsyncIterator[BreakingProxy]:
    """Put a breaking network before a gateway."""
    proxy = BreakingProxy(base_url, cuts)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=2**20)
    async with server:
        port = server.sockets[0].getsockname()[1]
        proxy.base_url = f"http://127.0.0.1:{port}"
        yield proxy
