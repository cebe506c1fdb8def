"""Faults as they are done: while jobs run, and each one undone again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from core.base import utc_now
from tests.chaos.installation import Installation
from tests.chaos.members import Member
from tests.chaos.schedule import Act, Fault
from tests.chaos.truth import TROUBLE, running_jobs

PATIENCE_SECONDS = 120.0


class Injected(NamedTuple):
    """A fault that was done: when, to which process, and how many jobs ran."""

    fault: Fault
    member: str
    at: datetime
    running: int


class Injector:
    """Does what a schedule says; faults of different processes may overlap."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._locks: dict[str, asyncio.Lock] = {}
        self.injected: list[Injected] = []

    async def run(self, faults: Sequence[Fault]) -> None:
        """Do all faults, one after the other; return when all are undone."""
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                await asyncio.sleep(fault.pause)
                members = self._installation.members[fault.kind.target]
                member = members[fault.replica % len(members)]
                lock = self._locks.setdefault(member.name, asyncio.Lock())
                await lock.acquire()
                running = await self._running_jobs()
                self.injected.append(Injected(fault, member.name, utc_now(), running))
                group.create_task(_suffer(member, fault, lock))

    async def _running_jobs(self) -> int:
        """Wait until jobs run; return how many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(*TROUBLE):
                    if found := await running_jobs(self._installation.postgres.url):
                        return found
                await asyncio.sleep(0.1)


async def _suffer(member: Member, fault: Fault, lock: asyncio.Lock) -> None:
    try:
        match fault.kind.act:
            case Act.KILL:
                member.kill()
                await asyncio.sleep(fault.seconds)
                await member.start()
            case Act.STOP:
                await member.stop()
                await asyncio.sleep(fault.seconds)
                await member.start()
            case Act.FREEZE:
                member.freeze()
                await asyncio.sleep(fault.seconds)
                member.thaw()
    finally:
        lock.release()
