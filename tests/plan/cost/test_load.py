from decimal import Decimal

import msgspec
import pytest

from infra.plan.load import PRESETS, Load, Peak, peak, preset
from shared.errors import Invalid


def test_a_month_of_5000_devices_every_30_seconds_has_438_million_readings() -> None:
    assert preset("articles").messages == 438_000_000


def test_the_second_articles_fleet_is_a_preset() -> None:
    assert (preset("pilot").devices, preset("pilot").interval_s) == (500, 30)


def test_a_load_that_is_none_names_those_that_are() -> None:
    with pytest.raises(Invalid, match="choose one of articles, pilot, national"):
        preset("huge")


@pytest.mark.parametrize("name", ["devices", "interval_s", "message_bytes", "retention_days"])
def test_what_has_to_be_there_is_at_least_one(name: str) -> None:
    with pytest.raises(Invalid, match=f"{name} is 0"):
        msgspec.structs.replace(preset("articles"), **{name: 0})


@pytest.mark.parametrize("name", ["readers", "reports", "tls_percent", "api_a_second"])
def test_what_may_be_missing_is_not_below_zero(name: str) -> None:
    with pytest.raises(Invalid, match=f"{name} is -1"):
        msgspec.structs.replace(preset("articles"), **{name: -1})


def test_a_load_is_checked_when_it_is_made() -> None:
    with pytest.raises(Invalid, match="devices is 0"):
        Load(name="none", devices=0, interval_s=1)


def test_more_than_all_devices_cannot_speak_tls() -> None:
    with pytest.raises(Invalid, match="at most 100"):
        Load(name="x", devices=1, interval_s=1, tls_percent=101)


def test_commits_stop_rising_where_readings_gather() -> None:
    some = Load(name="some", devices=20_000, interval_s=30)
    many = Load(name="many", devices=200_000, interval_s=30)
    assert some.commits == many.commits


def test_a_peak_is_an_app_with_tasks_and_hours() -> None:
    assert peak("reporting:16:7.5") == Peak("reporting", 16, Decimal("7.5"))


@pytest.mark.parametrize(
    "text", ["", "reporting", "api:x:1", "api:1:x", "api:1:731", ":1:1", "api:-1:1"]
)
def test_text_that_is_no_peak_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the command says what it should have been
        peak(text)


@pytest.mark.parametrize("name", PRESETS)
def test_every_derived_figure_has_a_low_and_a_high(name: str) -> None:
    load = preset(name)
    for value in (load.commits, load.stored_gb, load.balanced_gb, load.streams_gb, load.answers_gb):
        assert value.low < value.likely < value.high
