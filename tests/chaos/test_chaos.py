"""The short form: what `make chaos` does for half an hour, in a minute and a half."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.chaos.jobs import SHORT_KINDS
from tests.chaos.run import Form, chaos
from tests.chaos.schedule import SHORT, of_each, short_schedule

pytestmark = pytest.mark.timeout(900)
SEED = os.environ.get("ONEMANAGE_CHAOS_SEED")


async def test_nothing_is_lost_and_nothing_comes_twice() -> None:
    seed = int(SEED or random.randrange(10**6))
    directory = Path(tempfile.mkdtemp(prefix="onemanage-chaos-"))
    print(f"seed {seed}; logs in {directory}/logs")
    outcome = await chaos(directory, seed, Form(short_schedule(seed), SHORT_KINDS))
    print(outcome.report)
    assert outcome.figures.violations == []
    done = of_each([one.fault for one in outcome.figures.injected])
    assert done == {kind.name: 1 for kind in SHORT}
    assert all(one.running > 0 for one in outcome.figures.injected)
    assert len(outcome.facts.jobs) >= 24
    shutil.rmtree(directory)
