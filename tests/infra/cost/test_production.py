"""The bill of the templates as they are made now."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from infra.environments import load
from infra.plan import report
from infra.plan.load import preset
from infra.plan.report import REACH, Report

ROOT = Path(__file__).resolve().parents[3]
# How far the document may be behind.
NEAR = Decimal("0.03")


@pytest.fixture(scope="module")
def production(synthesised: Path) -> Report:
    return report.reckon("production", preset("articles"), folder=synthesised)


def test_the_articles_system_is_under_750_a_month(production: Report) -> None:
    assert production.bill.total.likely <= REACH


def test_everything_at_its_dearest_is_under_750_too(production: Report) -> None:
    assert production.bill.total.high <= REACH


def test_every_app_of_it_runs(production: Report) -> None:
    running = {line.app for line in production.bill.lines if line.group == "containers"}
    assert running >= set(production.bill.apps)


def test_it_has_database_proxy_both_balancers_firewall_and_bus(production: Report) -> None:
    items = {item for line in production.bill.lines for item in line.items}
    assert items >= {"proxy.vcpu", "alb.hour", "nlb.hour", "waf.acl", "valkey.cache.t4g.micro"}
    assert any(item.startswith("aurora.db.") for item in items)


def test_what_is_built_is_among_the_choices(production: Report) -> None:
    assert [way for way in production.ways_out if way.built]
    assert [choice for choice in production.databases if choice.built]


def test_the_database_that_is_built_is_the_cheapest_of_the_choices(production: Report) -> None:
    cheapest = min(production.databases, key=lambda choice: choice.total.likely)
    assert cheapest.built


def test_staging_on_demand_stays_in_its_budget(synthesised: Path) -> None:
    made = report.reckon("staging", preset("pilot"), plan="none", folder=synthesised)
    assert made.bill.total.likely <= load("staging").budget_usd


def test_production_stays_in_its_budget(production: Report) -> None:
    assert production.bill.total.likely <= load("production").budget_usd


def test_the_document_says_what_the_bill_says(production: Report) -> None:
    text = (ROOT / "docs" / "cost.md").read_text("utf-8")
    told = re.search(r"\*\*all\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)", text)
    assert told is not None
    total = production.bill.total
    for said, now in zip(told.groups(), (total.low, total.likely, total.high), strict=True):
        assert abs(Decimal(said) - now) <= NEAR * now, "write the new figures into docs/cost.md"
