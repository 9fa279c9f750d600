"""How long faults last, and how large crowds are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`kills`: how often processes are killed, ingest and the database by turns. `stopped_s`: how
    long the database answers nothing; `lasts_s`: how long other faults last. A crowd is there for
    `crowd_s`, after everyone was measured for as long without it: `guesses` wrong tokens a second,
    `silent` connections without a hello of which `greeting` may be, `noisy` devices of one
    organisation that send all they can, `deaf` ones that never read. `pace_s`: seconds between
    the messages of an honest device, `idle_s`: of silence until one is taken for gone.
    """

    kills: int
    stopped_s: float
    lasts_s: float
    crowd_s: float
    guesses: int
    silent: int
    greeting: int
    noisy: int
    deaf: int
    pace_s: float
    idle_s: int


SHORT = Size(
    kills=2,
    stopped_s=1.5,
    lasts_s=0.5,
    crowd_s=0.5,
    guesses=1_500,
    silent=400,
    greeting=200,
    noisy=10,
    deaf=8,
    pace_s=0.05,
    idle_s=1,
)
LONG = Size(
    kills=100,
    stopped_s=60.0,
    lasts_s=10.0,
    crowd_s=20.0,
    guesses=10_000,
    silent=20_000,
    greeting=10_000,
    noisy=200,
    deaf=100,
    pace_s=1.0,
    idle_s=3,
)
