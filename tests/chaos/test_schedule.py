"""Schedules: the same from the same seed, with enough faults of each class."""

import pytest

from tests.chaos.schedule import (
    CLASSES,
    SHORT,
    Act,
    long_schedule,
    of_each,
    short_schedule,
)


@pytest.mark.parametrize("seed", range(5))
def test_half_an_hour_has_five_faults_of_each_class(seed: int) -> None:
    faults = long_schedule(seed, 30)
    assert len(faults) >= 50
    counted = of_each(faults)
    assert counted.keys() == {kind.name for kind in CLASSES}
    assert min(counted.values()) >= 5
    assert 20 * 60 < sum(fault.pause for fault in faults) < 40 * 60


def test_the_short_form_has_each_of_its_faults_once() -> None:
    counted = of_each(short_schedule(3))
    assert counted == {kind.name: 1 for kind in SHORT}
    assert {(kind.act, kind.target) for kind in SHORT} >= {
        *((Act.KILL, one) for one in ("worker", "relay", "nats", "postgres")),
        (Act.KILL, "gateway"),
        (Act.FREEZE, "worker"),
    }


def test_a_seed_gives_the_same_faults_again() -> None:
    assert long_schedule(7, 30) == long_schedule(7, 30)
    assert long_schedule(7, 30) != long_schedule(8, 30)
    assert short_schedule(7) == short_schedule(7)
