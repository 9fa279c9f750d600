"""Hours a month for which a schedule keeps more tasks than the minimum."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from infra.plan.load import HOURS
from shared.errors import ConfigurationError

DAYS = Decimal(HOURS) / 24
# minute hour day-of-month month day-of-week year
CRON = re.compile(r"cron\((\d+) (\d+) (\*|\?|\d+) \* (\S+) \*\)")


def raised_hours(actions: Iterable[dict[str, Any]], least: int) -> Decimal:
    """Task-hours beyond `least`; each action holds until the next one of the same days.

    Raises `ConfigurationError` for a schedule that it does not understand.
    """
    days: dict[tuple[str, str], list[tuple[Decimal, int]]] = {}
    for action in actions:
        target = action["ScalableTargetAction"]
        if "MinCapacity" in target:
            day, at = _read(action["Schedule"])
            days.setdefault(day, []).append((at, int(target["MinCapacity"])))
    return sum((_of_once(x, least, _times(day)) for day, x in days.items()), Decimal(0))


def _read(schedule: str) -> tuple[tuple[str, str], Decimal]:
    """The days that it is for, and the hour."""
    found = CRON.fullmatch(schedule)
    if found is None:
        raise ConfigurationError(
            f"the schedule {schedule} cannot be priced: its hour is not a number"
        )
    minute, hour, day_of_month, day_of_week = found.groups()
    return (day_of_month, day_of_week), Decimal(hour) + Decimal(minute) / 60


def _times(day: tuple[str, str]) -> Decimal:
    """How often a month."""
    day_of_month, day_of_week = day
    if day_of_month.isdigit():
        return Decimal(1)
    if day_of_week in {"*", "?"}:
        return DAYS
    named = 5 if day_of_week == "MON-FRI" else len(day_of_week.split(","))
    return DAYS * named / 7


def _of_once(actions: list[tuple[Decimal, int]], least: int, times: Decimal) -> Decimal:
    """All month: from each action to the next, from the last one to the first of the next time."""
    ordered = sorted(actions)
    ends = [*(at for at, _ in ordered[1:]), ordered[0][0] + HOURS / times]
    held = (
        (end - at) * max(minimum - least, 0)
        for (at, minimum), end in zip(ordered, ends, strict=True)
    )
    return sum(held, Decimal(0)) * times
