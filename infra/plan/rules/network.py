"""Ways out of the private subnets, and addresses."""

from collections.abc import Iterator
from typing import Final

from infra.plan.bill import Line
from infra.plan.load import HOURS
from infra.plan.rules.registry import Context, rule
from infra.plan.template import Resource

GROUP: Final = "network"


@rule("AWS::EC2::NatGateway")
def nat(_resource: Resource, context: Context) -> Iterator[Line]:
    yield context.line(GROUP, "NAT gateway", "nat.hour", quantity=HOURS, fixed=True)


@rule("AWS::EC2::EIP")
def address(_resource: Resource, context: Context) -> Iterator[Line]:
    yield context.line(GROUP, "public address", "ipv4.hour", quantity=HOURS, fixed=True)


@rule("AWS::EC2::VPCEndpoint")
def endpoint(resource: Resource, context: Context) -> Iterator[Line]:
    """A gateway endpoint is free; another costs in each zone that it stands in."""
    if resource.get("VpcEndpointType", "Gateway") != "Gateway":
        zones = len(resource["SubnetIds"])
        yield context.line(
            GROUP,
            "interface endpoint",
            "endpoint.hour",
            quantity=zones * HOURS,
            fixed=True,
            why=f"in {zones} zones",
        )
