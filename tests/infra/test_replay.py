"""The templates as they are made, under the loads that they are made for."""

from decimal import Decimal
from pathlib import Path

import pytest

from infra.plan.scale import curves, template
from infra.plan.scale.outcome import Rates, Variation, variations
from infra.plan.scale.simulate import Options, replay
from infra.routes import load as load_routes

ROUTES = load_routes()
APPS = sorted({r.app for r in ROUTES.web} | {r.app for r in ROUTES.devices})
FREE = Rates(Decimal(0), Decimal(0))


def replayed(synthesised: Path, environment: str, name: str) -> list[Variation]:
    load = curves.load(name)
    service = template.service(template.load(synthesised / environment), load.app)
    return variations(load, service, Options(), FREE, None)


@pytest.mark.parametrize("app", APPS)
def test_every_app_can_be_replayed(synthesised: Path, environment_name: str, app: str) -> None:
    service = template.service(template.load(synthesised / environment_name), app)
    load = curves.parse(
        b"time,arrivals\n0,10\n60,10\n", name="little", is_json=False, app=service.app
    )

    assert replay(load, service, Options()).moments[0].serving == service.minimum


def test_five_thousand_devices_at_three_are_in_within_seconds(
    synthesised: Path, environment_name: str
) -> None:
    first, *_ = replayed(synthesised, environment_name, "devices-at-3am")

    assert (first.answers.served, first.answers.unserved) == (5_000, 0)
    assert first.answers.longest_s <= 5


def test_the_reports_of_the_month_are_there_in_ten_minutes_thanks_to_their_minimum(
    synthesised: Path,
) -> None:
    first, without = replayed(synthesised, "production", "month-end-reporting")

    assert first.answers.longest_s <= 600 < without.answers.longest_s


def test_a_storm_takes_no_task_back_that_it_has_just_asked_for(synthesised: Path) -> None:
    _, without = replayed(synthesised, "production", "devices-at-3am")

    desired = [moment.desired for moment in without.replay.moments]
    assert desired == sorted(desired)
