"""How long faults last."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`kills`: how often processes are killed, ingest and the database by turns. `stopped_s`: how
    long the database answers nothing; `lasts_s`: how long other faults last.
    """

    kills: int
    stopped_s: float
    lasts_s: float


SHORT = Size(kills=2, stopped_s=1.5, lasts_s=0.5)
LONG = Size(kills=100, stopped_s=60.0, lasts_s=10.0)
