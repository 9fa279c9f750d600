from datetime import UTC, datetime, timedelta

import pytest

from infra.plan.scale.schedule import times
from shared.errors import ConfigurationError

BEGIN = datetime(2026, 11, 30, tzinfo=UTC)


def due(schedule: str, zone: str = "UTC", days: int = 2) -> list[str]:
    found = times(schedule, zone, BEGIN, BEGIN + timedelta(days=days))
    return [f"{at:%d %H:%M}" for at in found]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cron(45 2 * * ? *)", ["30 02:45", "01 02:45"]),
        ("cron(45 0 1 * ? *)", ["01 00:45"]),
        ("cron(0 12 L * ? *)", ["30 12:00"]),
        ("cron(0 12 ? * MON *)", ["30 12:00"]),
        ("cron(0 12 ? * 3 *)", ["01 12:00"]),
        ("cron(0 12 1 DEC ? 2026)", ["01 12:00"]),
        ("cron(0 1-3 1 * ? *)", ["01 01:00", "01 02:00", "01 03:00"]),
        ("cron(0/30 5 1 * ? *)", ["01 05:00", "01 05:30"]),
        ("cron(0 */12 30 * ? *)", ["30 00:00", "30 12:00"]),
        ("at(2026-12-01T03:00:00)", ["01 03:00"]),
        ("at(2026-12-07T03:00:00)", []),
    ],
)
def test_a_schedule_is_due_when_it_says(schedule: str, expected: list[str]) -> None:
    assert due(schedule) == expected


def test_a_schedule_counts_in_its_own_zone() -> None:
    assert due("cron(45 2 1 * ? *)", "Europe/Brussels") == ["01 01:45"]


def test_an_hour_that_a_change_of_clocks_leaves_out_is_left_out() -> None:
    begin = datetime(2026, 3, 28, tzinfo=UTC)

    found = times("cron(30 2 * * ? *)", "Europe/Brussels", begin, begin + timedelta(days=3))

    assert [at.day for at in found] == [28, 30]


@pytest.mark.parametrize(
    ("schedule", "zone", "said"),
    [
        ("rate(5 minutes)", "UTC", "only cron"),
        ("cron(0 12 * * *)", "UTC", "six fields"),
        ("cron(61 12 * * ? *)", "UTC", "numbers, names, lists"),
        ("cron(0 12 ? * MON#2 *)", "UTC", "numbers, names, lists"),
        ("at(noon)", "UTC", "no date and time"),
        ("cron(0 12 * * ? *)", "Mars/Olympus", "no time zone"),
    ],
)
def test_a_schedule_that_is_not_known_is_an_error(schedule: str, zone: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        due(schedule, zone)
