"""Random schedules: one seed, one life of a world."""

import asyncio
from collections.abc import Callable

from tests.test_events.following import Numbered
from tests.test_events.simulation import CURSORS, JOBS, PATTERNS, PAUSES, STEPS, World
from tests.test_events.virtual_time import VirtualLoop


def run(seed: int, *, steps: int = STEPS, loss: bool = True) -> World:
    """Run one random schedule; raise Violation where a client is wronged."""
    Numbered.count = 0
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(World(seed), steps, loss))


async def _run(world: World, steps: int, loss: bool) -> World:
    await world.start()
    for _ in range(steps):
        await _step(world, loss)
    await world.settle(loss)
    for viewer in world.viewers:
        if viewer.is_connected:
            await viewer.drop()
    for hub in world.hubs:
        await hub.close()
    return world


async def _step(world: World, loss: bool) -> None:
    chance = world.chance
    pick = chance.randrange
    losses: list[Callable[[], None]] = [
        lambda: world.lose_tail(pick(1, 5)),
        lambda: world.expire(pick(1, 20)),
        lambda: world.lose_unseen(pick(100)),
        world.wipe,
    ]
    match chance.choices(range(8), (30, 30, 16, 25, 1, 1, 3, 3))[0]:
        case 0:
            for job in chance.choices(range(JOBS), k=pick(1, 6)):
                world.emit(job, chance.random() < 0.03)
        case 1:
            for _ in range(pick(1, 8)):
                world.publish(pick(100), chance.random() < 0.2)
        case 2:
            _open(world)
        case 3:
            await world.toggle(pick(100), pick(2))
        case 4:
            world.restart_nats()
        case 5:
            world.take_nats_away()
        case 6:
            world.emit_plain(pick(100))
        case _ if loss:
            chance.choice(losses)()
    await world.let_pass(chance.choices(PAUSES, (4, 4, 4, 4, 2, 1, 1))[0])


def _open(world: World) -> None:
    chance = world.chance
    hub, kind, is_member = chance.randrange(2), chance.choice(CURSORS), _maybe(world)
    match chance.choices(range(3), (2, 1, 1))[0]:
        case 0:
            world.open_viewer(chance.randrange(JOBS), hub, kind, _maybe(world))
        case 1:
            world.open_feed(hub, chance.choice(PATTERNS), kind, is_member)
        case _:
            world.open_job_feed(hub, kind, is_member, _maybe(world), _maybe(world))


def _maybe(world: World) -> bool:
    return world.chance.random() < 0.5
