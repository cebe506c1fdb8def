"""The long form: ``python -m tests.chaos``, or ``make chaos``.

ONEMANAGE_CHAOS_MINUTES is how long faults are done (30), ONEMANAGE_CHAOS_SEED what is
drawn from. The report goes to standard output; logs stay in a directory that is named.
"""

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.jobs import KINDS
from tests.chaos.run import Form, chaos
from tests.chaos.schedule import long_schedule


def main() -> int:
    """Do one long run; return 1 where a promise was broken."""
    given = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("ONEMANAGE_")
    }
    for name in given:
        del os.environ[name]
    minutes = float(given.get("ONEMANAGE_CHAOS_MINUTES", "30"))
    seed = int(given.get("ONEMANAGE_CHAOS_SEED", random.randrange(10**6)))
    directory = Path(tempfile.mkdtemp(prefix="onemanage-chaos-"))
    faults = long_schedule(seed, minutes)
    print(
        f"Seed {seed}: {len(faults)} faults in {minutes:g} minutes. "
        f"Logs: {directory}/logs",
        file=sys.stderr,
    )
    outcome = asyncio.run(chaos(directory, seed, Form(faults, KINDS)))
    print(outcome.report)
    return 1 if outcome.figures.violations else 0


if __name__ == "__main__":
    sys.exit(main())
