"""One person's pile beside another's single job: ``python -m tests.performance.fairness``.

Somebody starts 500 jobs; then another person starts one. Printed is how many of the
pile's jobs ended before it, and how long it took, with and without places.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from features.jobs.models import JobPriority
from tests.performance.works import PLACES, Works, works
from workers.embedded.postgres import PostgresServer

PILE: Final = 500
SECONDS: Final = 0.05
AT_ONCE: Final = 2
UNLIMITED: Final = 0


async def measure_all(directory: Path) -> None:
    """Print the table."""
    postgres = PostgresServer(directory / "postgres")
    postgres.start()
    print(f"a pile of {PILE} jobs of {SECONDS} s, 1 worker, {AT_ONCE} at once")
    try:
        for places in (UNLIMITED, PLACES):
            for priority in JobPriority:
                place = Path(tempfile.mkdtemp(dir=directory))
                async with works(
                    place, postgres.url, workers=1, at_once=AT_ONCE, places=places
                ) as running:
                    await _measure(running, places, priority)
    finally:
        postgres.stop()


async def _measure(running: Works, places: int, priority: JobPriority) -> None:
    hoarder, other = await running.people(2)
    ended = 0

    async def one_of_the_pile() -> None:
        nonlocal ended
        await running.run(hoarder, SECONDS, priority)
        ended += 1

    pile = asyncio.gather(*(one_of_the_pile() for _ in range(PILE)))
    while ended < 2 * AT_ONCE:
        await asyncio.sleep(0.01)
    before = ended
    took = await running.run(other, SECONDS)
    print(
        f"  {places or 'no'} places, the pile {priority.value}: "
        f"{ended - before} jobs of the pile ended before the other person's one, "
        f"which took {took:.2f} s"
    )
    await pile


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="onemanage-performance-") as scratch:
        asyncio.run(measure_all(Path(scratch)))
