"""The figures of the two articles that this system follows, each against the table of prices."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from infra.plan.load import HOURS, MILLION
from infra.plan.money import Range, brief, exactly, usd
from infra.plan.prices import Prices

GUIDE: Final = "ECS Fargate vs Lambda vs EC2"
FORTRESS: Final = "The IoT Fortress"
DAYS: Final = Decimal(HOURS) / 24
# Of a call: the middle of the guide's 50 to 300 ms, the memory of a small function.
CALL_S, CALL_GB = Decimal("0.2"), Decimal("0.128")
# The guide's table: messages a day, and what it says that they cost on Lambda.
TABLE: Final = ((100_000, "0.02"), (1_000_000, "0.20"), (10_000_000, "2"), (100_000_000, "20"))
# How far a round figure may be off and still follow.
NEAR: Final = Decimal("0.1")


@dataclass(frozen=True)
class Claim:
    """A figure of an article: what it says, what follows from the prices, whether they agree."""

    article: str
    says: str
    follows: bool
    right: str
    why: str


def claims(prices: Prices, total: Range | None = None) -> tuple[Claim, ...]:
    """All that were checked. `total`: what the whole comes to by its own bill."""
    return (
        *_fleet(prices),
        *_table(prices),
        *_machines(prices),
        *_volumes(prices),
        *_fortress(prices, total),
    )


def _call(prices: Prices) -> Decimal:
    """Dollars of one call: the request and the compute."""
    request = prices["lambda.requests"].price / MILLION
    return request + CALL_S * CALL_GB * prices["lambda.arm.compute"].price


def _fleet(prices: Prices) -> Iterator[Claim]:
    messages = Decimal(500) * HOURS * 3600 / 30
    request = prices["lambda.requests"].price
    yield Claim(
        GUIDE,
        "500 devices every 30 seconds are 1 million calls a month",
        _near(1_000_000, messages),
        f"{brief(messages)} a month",
        f"500 x {HOURS * 3600:,} s ÷ 30 s; 1 million a month is one message every 22 minutes",
    )
    yield Claim(
        GUIDE,
        "they cost 0.20 USD a month",
        _near("0.20", messages / MILLION * request),
        f"{usd(messages / MILLION * request)} USD of requests, {usd(messages * _call(prices))} "
        f"with {CALL_S} s of {CALL_GB} GB each",
        "0.20 is right for one million requests, without the compute and without IoT Core, which "
        f"is {usd(messages / MILLION * _core(prices))} USD more",
    )


def _core(prices: Prices) -> Decimal:
    """Dollars a million messages through IoT Core, one rule and one action each."""
    return prices["iot.messages"].price + prices["iot.rules"].price + prices["iot.actions"].price


def _table(prices: Prices) -> Iterator[Claim]:
    for a_day, says in TABLE:
        messages = a_day * DAYS
        requests = messages / MILLION * prices["lambda.requests"].price
        yield Claim(
            GUIDE,
            f"{a_day:,} messages a day: Lambda {says} USD a month",
            _near(says, requests),
            f"{usd(requests)} USD of requests, {usd(messages * _call(prices))} with the compute",
            f"{brief(messages)} messages a month; the figure is that of one day",
        )


def _machines(prices: Prices) -> Iterator[Claim]:
    x86 = (prices["fargate.x86.vcpu"].price / 2 + prices["fargate.x86.memory"].price) * HOURS
    arm = (prices["fargate.arm.vcpu"].price / 2 + prices["fargate.arm.memory"].price) * HOURS
    machine = prices["ec2.t3.medium"].price * HOURS
    for count, says in ((1, 25), (2, 50), (8, 200)):
        yield Claim(
            GUIDE,
            f"{count} Fargate task{'s' * (count > 1)} of 0.5 vCPU and 1 GB: {says} USD",
            _near(says, count * x86) or _near(says, count * arm),
            f"{usd(count * x86)} USD on x86, {usd(count * arm)} on ARM",
            f"{HOURS} h on demand"
            + (", for as many tasks as the sum stands for" if count > 1 else ""),
        )
    whole = machine + 30 * prices["ebs.gp3"].price + HOURS * prices["ipv4.hour"].price
    for count, says in ((1, 35), (2, 70), (4, 140)):
        yield Claim(
            GUIDE,
            f"{count} t3.medium on demand: {says} USD",
            _near(says, count * machine),
            f"{usd(count * machine)} USD",
            f"{HOURS} h; with 30 GB of disk and a public address each {usd(count * whole)}",
        )
    reserved = machine * prices["ec2.reserved.1y.share"].price
    plan = machine * prices["ec2.plan.1y.share"].price
    yield Claim(
        GUIDE,
        "t3.medium reserved, 1 year, nothing upfront: 22 USD",
        _near(22, reserved),
        f"{usd(reserved)} USD",
        f"22 is what a Compute Savings Plan of the same terms comes to ({usd(plan)}); both "
        "discounts are unconfirmed",
    )


def _volumes(prices: Prices) -> Iterator[Claim]:
    task = (prices["fargate.x86.vcpu"].price / 2 + prices["fargate.x86.memory"].price) * HOURS
    even = task / _call(prices) / DAYS
    most = Decimal(100_000_000) * DAYS * _call(prices)
    yield Claim(
        GUIDE,
        "at very high volumes Lambda remains cheapest for pure processing",
        most < 8 * task,
        f"one task costs as much as {brief(even)} messages a day",
        f"100 million a day are {usd(most)} USD on Lambda and {usd(8 * task)} on the eight tasks "
        "of the table",
    )
    own = prices["nlb.hour"].price * HOURS + 2 * task
    broker = own / _core(prices) * MILLION / DAYS
    yield Claim(
        GUIDE,
        "IoT Core's price for a message is prohibitive above 100 million a day",
        _near(100_000_000, broker),
        f"above {brief(broker)} a day it costs more than a broker of one's own",
        f"a network balancer and two tasks are {usd(own)} USD; 100 million a day through IoT Core, "
        f"a rule and an action each, are {usd(100 * DAYS * _core(prices))}, less above a billion",
    )
    yield Claim(
        GUIDE, "7,776,000 seconds to live are 90 days", True, "90 days", "7,776,000 ÷ 86,400"
    )


def _fortress(prices: Prices, total: Range | None) -> Iterator[Claim]:
    yield Claim(
        FORTRESS,
        "750 USD a month are 107 for each application",
        _near(107, Decimal(750) / 7),
        f"{usd(Decimal(750) / 7)} USD",
        "750 ÷ 7 applications",
    )
    year, years = (prices[f"fargate.plan.{term}.share"].range for term in ("1y", "3y"))
    yield Claim(
        FORTRESS,
        "a Compute Savings Plan takes some 40% off Fargate",
        _near("0.60", year.likely),
        f"{_off(year)} for one year, {_off(years)} for three, nothing upfront",
        "up to 52% is published, for three years all upfront; for one year less than half that, "
        "and none of it for Spot",
    )
    spot = prices["fargate.spot.share"].range
    night = exactly(18 * 2) * (prices["fargate.arm.vcpu"].range * Decimal("0.5"))
    night += exactly(18 * 2) * prices["fargate.arm.memory"].range
    yield Claim(
        FORTRESS,
        "Spot costs up to 90% less",
        spot.low <= Decimal("0.10"),
        f"{_off(spot)} less on Fargate",
        "AWS publishes up to 70% for Fargate Spot; 90% is said of EC2's. Pennies it is: 18 more "
        f"tasks of 0.5 vCPU for two hours at 3 in the morning are {usd((night * spot).likely)} USD",
    )
    if total is not None:
        yield Claim(
            FORTRESS,
            "the whole costs about 750 USD a month",
            total.likely <= 750,
            f"{usd(total.likely)} USD, from {usd(total.low)} to {usd(total.high)}",
            "by the bill above, for 7 applications, database, proxy, two balancers and a CDN",
        )


def _off(share: Range) -> str:
    """What is taken off: `about 20% (15 to 27%)`."""
    low, likely, high = (brief((1 - x) * 100) for x in (share.high, share.likely, share.low))
    return f"about {likely}% ({low} to {high}%)"


def _near(said: str | int, right: Decimal) -> bool:
    """Whether a figure that is meant roughly is right."""
    return abs(Decimal(said) - right) <= NEAR * right
