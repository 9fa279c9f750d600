"""What a way out of the private subnets costs: NAT gateways, interface endpoints, addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra.plan.bill import Bill
from infra.plan.load import HOURS
from infra.plan.money import NOTHING, Range, between
from infra.plan.prices import Prices
from infra.plan.template import Template

# What tasks call: the registry's two, logs, secrets. S3 has a gateway, which is free.
CALLED: Final = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")


@dataclass(frozen=True)
class WayOut:
    """`built`: the one of the template. `loses`: what does not work, and when."""

    name: str
    amount: Range
    loses: str
    built: bool


def ways_out(template: Template, bill: Bill, prices: Prices) -> tuple[WayOut, ...]:
    """The cheapest first."""
    zones = len({str(x.get("AvailabilityZone")) for x in template.of("AWS::EC2::Subnet")})
    gateways = sum(1 for _ in template.of("AWS::EC2::NatGateway"))
    found = [*_gateways(zones, gateways, bill, prices), *_others(zones, template, bill, prices)]
    return tuple(sorted(found, key=lambda way: way.amount.likely))


def _carried(bill: Bill) -> Range:
    """GB a month, as the bill has them."""
    out = (x.quantity for x in bill.lines if x.items[0] in {"nat.data", "endpoint.data"})
    return next(out, between(5, 12, 40))


def _gateways(zones: int, built: int, bill: Bill, prices: Prices) -> Iterator[WayOut]:
    one = (prices["nat.hour"].range + prices["ipv4.hour"].range) * HOURS
    data = _carried(bill) * prices["nat.data"].range
    for count in range(1, zones + 1):
        loses = (
            "nothing: each zone has its own"
            if count == zones
            else "when the zone of a gateway fails, those that use it start no tasks and send no "
            "webhooks; running tasks serve on"
        )
        name = f"NAT gateways in {count} of {zones} zones"
        yield WayOut(name, one * count + data, loses, built == count)


def _others(zones: int, template: Template, bill: Bill, prices: Prices) -> Iterator[WayOut]:
    carried = _carried(bill)
    endpoint = prices["endpoint.hour"].range * (HOURS * len(CALLED))
    data = carried * prices["endpoint.data"].range
    loses = "no way to the internet: webhooks and mail need one"
    for count in sorted({2, zones}):
        name = f"{len(CALLED)} interface endpoints in {count} of {zones} zones"
        yield WayOut(name, endpoint * count + data, loses, built=False)
    tasks = sum(1 for _ in template.of("AWS::ECS::Service"))
    yield WayOut(
        "public addresses of the tasks",
        (prices["ipv4.hour"].range * HOURS) * between(tasks, tasks + 3, 40) + NOTHING,
        "every task stands in a public subnet, behind its security group alone; peaks cost more",
        built=False,
    )
