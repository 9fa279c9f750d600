"""What the platform takes its time for, and where that is known from.

A figure that AWS does not publish is marked as unconfirmed; `--delay NAME=SECONDS` tries another.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from shared.errors import Invalid


class Fact(msgspec.Struct, frozen=True):
    """A figure, its unit and where it comes from. Not `confirmed`: nobody who knows has said so,
    or it differs from place to place.
    """

    value: float
    unit: str
    source: str
    confirmed: bool = True


# Read in November 2026 unless another date is given.
DELAYS: Final[Mapping[str, Fact]] = {
    "embedded_metric": Fact(
        10,
        "s",
        "from a line of the log to a datapoint: the log driver sends every 5 s, extraction is"
        " not instant; no figure is published",
        confirmed=False,
    ),
    "high_resolution_metric": Fact(
        16,
        "s",
        "of the 86 s until a scale-out with 20 s metrics that AWS measured (announcement of faster"
        " ECS auto scaling, June 2026), what three periods and half a period leave",
        confirmed=False,
    ),
    "standard_metric": Fact(
        150,
        "s",
        "of the 363 s with 60 s metrics in the same announcement, what three periods and half a"
        " period leave",
        confirmed=False,
    ),
    "balancer_metric": Fact(
        60,
        "s",
        "Elastic Load Balancing sends its metrics in 60 s intervals; how late is not published",
        confirmed=False,
    ),
    "provision": Fact(
        15,
        "s",
        "of the 23 s between the trigger and the running task in the same announcement, what the"
        " pull of an image like ours and a start leave",
        confirmed=False,
    ),
    "start": Fact(
        1.5,
        "s",
        "from the container's start to ready: the limit of `make images --strict`, 1.1 to 1.5 s"
        " measured",
    ),
    "network_balancer_target": Fact(
        60,
        "s",
        "from registered to the first health check at a Network Load Balancer: 90 to 180 s in"
        " 2021, about a minute in 2025 (kubernetes-sigs/aws-load-balancer-controller issues 1834"
        " and 4180); AWS says a few minutes",
        confirmed=False,
    ),
    "application_balancer_target": Fact(
        5,
        "s",
        "the same at an Application Load Balancer, where targets turn healthy at once"
        " (kubernetes-sigs/aws-load-balancer-controller issue 1834)",
        confirmed=False,
    ),
}

PULL_MB_A_SECOND: Final = Fact(
    10,
    "MB/s",
    "413 MB in about 42 s beyond provisioning (elasticscale.com, Fargate pull times, April 2024)",
    confirmed=False,
)
# Uncompressed: what python:3.13-slim has, and what the images may add to it (ADR 11).
BASE_IMAGE_MB: Final = 120
APP_IMAGE_MB: Final = {"ingest": 30}
OTHER_IMAGE_MB: Final = 80

LAUNCH_BURST: Final = Fact(
    100, "tasks", "AWS Fargate throttling quotas: bucket for each of on demand and Spot"
)
LAUNCH_RATE: Final = Fact(20, "tasks/s", "AWS Fargate throttling quotas: refill")
ACTION_REPEAT: Final = Fact(
    60, "s", "CloudWatch user guide: while in ALARM, an Auto Scaling action is invoked each minute"
)
HIGH_RESOLUTION_TICK: Final = Fact(
    10, "s", "CloudWatch user guide: alarms of 10, 20 and 30 s are evaluated every 10 s"
)
STANDARD_TICK: Final = Fact(60, "s", "CloudWatch user guide: others every minute")
SMALLEST_BILL: Final = Fact(60, "s", "AWS Fargate pricing: by the second, a minute at least")
SPOT_WARNING: Final = Fact(
    120, "s", "ECS developer guide: SIGTERM comes two minutes before the end at the latest"
)
ACTIVITY_LIMIT: Final = Fact(
    600,
    "s",
    "a scaling activity whose tasks do not come ends to hold back the next one",
    confirmed=False,
)


def delays(overrides: Mapping[str, float] | None = None) -> dict[str, float]:
    """Seconds by name, with `overrides`. Raises `Invalid` for a name that there is not."""
    values = {name: fact.value for name, fact in DELAYS.items()}
    for name, seconds in (overrides or {}).items():
        if name not in values:
            raise Invalid(f"--delay: {name} is not of {', '.join(values)}")
        if not 0 <= seconds <= 3_600:
            raise Invalid(f"--delay: {name} is 0 to 3600 seconds, not {seconds:g}")
        values[name] = seconds
    return values


def pull_s(app: str) -> float:
    """Seconds to pull and unpack the image of `app`."""
    return (BASE_IMAGE_MB + APP_IMAGE_MB.get(app, OTHER_IMAGE_MB)) / PULL_MB_A_SECOND.value
