from decimal import Decimal

import msgspec
import pytest

from infra.plan import prices
from infra.plan.articles import Claim, claims
from infra.plan.money import between

FOLLOW = {
    "7,776,000 seconds to live are 90 days",
    "750 USD a month are 107 for each application",
}


def claim(start: str) -> Claim:
    (found,) = (x for x in claims(prices.load()) if x.says.startswith(start))
    return found


def test_two_figures_follow_from_the_prices_and_the_others_do_not() -> None:
    assert {x.says for x in claims(prices.load()) if x.follows} == FOLLOW


@pytest.mark.parametrize(
    ("start", "right"),
    [
        ("500 devices", "43,800,000 a month"),
        ("they cost 0.20", "8.76 USD of requests"),
        ("100,000 messages a day", "0.61 USD of requests"),
        ("1,000,000 messages a day", "6.08 USD of requests"),
        ("10,000,000 messages a day", "60.83 USD of requests"),
        ("100,000,000 messages a day", "608.33 USD of requests"),
        ("1 Fargate task", "18.02 USD on x86, 14.42 on ARM"),
        ("2 Fargate tasks", "36.04 USD on x86"),
        ("8 Fargate tasks", "144.16 USD on x86"),
        ("1 t3.medium on demand", "30.37 USD"),
        ("2 t3.medium on demand", "60.74 USD"),
        ("4 t3.medium on demand", "121.47 USD"),
        ("t3.medium reserved", "19.13 USD"),
        ("750 USD", "107.14 USD"),
        ("a Compute Savings Plan", "about 20% (15 to 27%) for one year"),
        ("Spot", "about 70% (40 to 70%) less"),
    ],
)
def test_the_right_figure_is_given(start: str, right: str) -> None:
    assert claim(start).right.startswith(right)


def test_the_table_of_lambda_is_that_of_a_day_and_not_of_a_month() -> None:
    assert "that of one day" in claim("1,000,000 messages a day").why


def test_lambda_is_not_the_cheapest_where_messages_are_many() -> None:
    found = claim("at very high volumes")
    assert "1,646.56 USD on Lambda and 144.16" in found.why


def test_the_total_of_the_bill_is_set_against_750() -> None:
    (cheap,) = (x for x in claims(prices.load(), between(400, 500, 800)) if "the whole" in x.says)
    (dear,) = (x for x in claims(prices.load(), between(700, 900, 950)) if "the whole" in x.says)
    assert (cheap.follows, dear.follows) == (True, False)
    assert cheap.right == "500.00 USD, from 400.00 to 800.00"


def test_a_verdict_changes_with_the_prices() -> None:
    table = prices.load()
    dearer = msgspec.structs.replace(table["ec2.t3.medium"], price=Decimal("0.048"))
    changed = msgspec.structs.replace(table, prices=table.prices | {"ec2.t3.medium": dearer})
    (found,) = (x for x in claims(changed) if x.says.startswith("1 t3.medium on demand"))
    assert found.follows


def test_every_claim_names_its_article_and_a_reason() -> None:
    for found in claims(prices.load()):
        assert found.article in {"ECS Fargate vs Lambda vs EC2", "The IoT Fortress"}
        assert found.why
