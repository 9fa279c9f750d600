"""When it is whose turn, and what a file is called. Pure."""

from datetime import datetime, timedelta
from hashlib import sha256

QUEUED, RUNNING = "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
# Not ended yet.
OPEN = (QUEUED, RUNNING)
# What each run that an organisation has already puts its next one back by.
TURN = timedelta(minutes=1)


def turn(now: datetime, open_runs: int, most: int) -> datetime:
    """The place in the queue, as a time in the past: due at once, in the order of these times.

    With every run that its organisation has open (of `most`), the next one comes later in the
    queue, but never behind those that are asked for later by so much. So who asks for many at
    once waits behind who asks for one, and nobody waits for ever.
    """
    return now - TURN * max(0, most - open_runs)


def sight_key(groups: frozenset[int] | None) -> str | None:
    """What stands for the groups of devices that somebody is limited to; None for no limit."""
    if groups is None:
        return None
    return sha256(",".join(map(str, sorted(groups))).encode()).hexdigest()


def file_key(org: str, run: str) -> str:
    """Where the file of a run lies. It is made again at the same place."""
    return f"{org}/runs/{run}.csv"


def file_name(kind: str, asked_at: datetime) -> str:
    """What a browser calls the file."""
    return f"{kind}-{asked_at:%Y%m%dT%H%M%SZ}.csv"
