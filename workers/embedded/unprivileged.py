"""Whom PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.embedded import process
from workers.embedded.server import ServerError

CANDIDATES = ("postgres", "nobody")
# Bits of /proc/self/status: CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, CAP_SETPCAP.
SEARCH_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}
SETPCAP = 8


@dataclass(frozen=True)
class Account:
    """A user to run as; ``capability`` lets it pass directories closed to it."""

    uid: int
    gid: int
    name: str
    capability: str | None = None


def account_for(directory: Path, binary: Path) -> Account | None:
    """Choose the account for a data directory, None for the present user.

    A directory that exists stays with its owner. Where a parent directory is
    closed to the account, as /root is, Linux can grant it the right to pass.
    """
    if os.geteuid() != 0:
        return None
    entry = _entry(directory)
    account = Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    if _reaches(account, binary) and _reaches(account, directory.parent):
        return account
    capability = _held_capability()
    if process.setpriv() is None or capability is None:
        raise ServerError(
            f"PostgreSQL does not run as root, and the user {account.name} cannot "
            f"reach {binary} and {directory.parent}. Run OneManage as an ordinary "
            "user, or move it and ONEMANAGE_DATA_DIR to a directory that everyone "
            "may pass, such as /opt or /srv."
        )
    return Account(account.uid, account.gid, account.name, capability)


def run_as(
    account: Account | None, argv: Sequence[str], death_signal: str
) -> tuple[list[str], int | None, int | None]:
    """Return the command, user and group ids that run ``argv`` as the account."""
    tool = process.setpriv()
    if account is None:
        return process.ending_with_parent(argv, death_signal), None, None
    if tool is None:
        return list(argv), account.uid, account.gid
    wrapper = [tool, f"--reuid={account.uid}", f"--regid={account.gid}"]
    wrapper += ["--clear-groups", "--pdeathsig", death_signal]
    if account.capability:
        # access(2), by which initdb tests its binaries, else ignores the capability.
        wrapper += ["--securebits", "+no_setuid_fixup"]
        wrapper += [f"--inh-caps=+{account.capability}"]
        wrapper += [f"--ambient-caps=+{account.capability}"]
    return [*wrapper, "--", *argv], None, None


def _entry(directory: Path) -> pwd.struct_passwd:
    if directory.exists() and (owner := directory.stat().st_uid) != 0:
        return pwd.getpwuid(owner)
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor "
        "a user nobody. Run OneManage as an ordinary user."
    )


def _reaches(account: Account, path: Path) -> bool:
    probe = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
    )
    return probe.returncode == 0


def _held_capability() -> str | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    (held,) = [int(line.split()[1], 16) for line in lines if line.startswith("CapEff")]
    for name, bit in SEARCH_CAPABILITIES.items():
        if held >> bit & 1 and held >> SETPCAP & 1:
            return name
    return None
