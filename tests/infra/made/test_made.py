"""Network and load balancers, made in moto from the templates and read back by the API."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from infra.environments import load
from infra.routes import load as load_routes
from tests.support.made import Account
from tests.support.moto import moto_server
from tests.support.templates import Templates

NAME = "fortress-production"


@pytest.fixture(scope="module")
def account(templates: Templates) -> Iterator[Account]:
    with moto_server() as url:
        made = Account(url)
        made.make_stack(f"{NAME}-network", templates[f"{NAME}-network"])
        certificate = made.client("acm").request_certificate(DomainName="example.com")
        made.make_balancing(copy.deepcopy(templates[f"{NAME}-edge"]), certificate["CertificateArn"])
        yield made


@pytest.fixture(scope="module")
def vpc(account: Account) -> str:
    (found,) = (
        one["VpcId"]
        for one in account.client("ec2").describe_vpcs()["Vpcs"]
        if one["CidrBlock"] == load("production").cidr
    )
    return str(found)


@pytest.fixture(scope="module")
def groups(account: Account, vpc: str) -> dict[str, dict[str, Any]]:
    """Security groups by what they are for."""
    where = [{"Name": "vpc-id", "Values": [vpc]}]
    found = account.client("ec2").describe_security_groups(Filters=where)["SecurityGroups"]
    return {one["Description"]: one for one in found}


def _balancer(account: Account, kind: str) -> dict[str, Any]:
    elb = account.client("elbv2")
    found = elb.describe_load_balancers()["LoadBalancers"]
    (balancer,) = (one for one in found if one["Type"] == kind)
    arn = balancer["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return {**balancer, "listeners": {one["Port"]: one for one in listeners}}


def test_nine_subnets_stand_in_three_zones(account: Account, vpc: str) -> None:
    where = [{"Name": "vpc-id", "Values": [vpc]}]
    subnets = account.client("ec2").describe_subnets(Filters=where)["Subnets"]
    zones = [subnet["AvailabilityZone"] for subnet in subnets]
    assert sorted(zones) == sorted(load("production").zones * 3)


def test_subnets_of_tasks_lead_out_through_a_gateway_of_their_own(
    account: Account, vpc: str
) -> None:
    where = [{"Name": "vpc-id", "Values": [vpc]}]
    tables = account.client("ec2").describe_route_tables(Filters=where)["RouteTables"]
    gateways = [
        route["NatGatewayId"]
        for table in tables
        for route in table["Routes"]
        if route.get("NatGatewayId")
    ]
    assert len(gateways) == len(set(gateways)) == 3


def test_the_database_takes_connections_of_the_proxy_and_of_migrations_only(
    groups: dict[str, dict[str, Any]],
) -> None:
    names = {group["GroupId"]: name for name, group in groups.items()}
    sources = {
        (names[pair["GroupId"]], rule["FromPort"])
        for rule in groups["Aurora"]["IpPermissions"]
        for pair in rule["UserIdGroupPairs"]
    }
    assert sources == {("RDS Proxy", 3306), ("Task that migrates the database", 3306)}


def test_the_device_balancer_lets_in_devices_and_ssh(
    groups: dict[str, dict[str, Any]],
) -> None:
    rules = groups["Load balancer of devices and of the bastion"]["IpPermissions"]
    assert {rule["FromPort"] for rule in rules} == {22, 9000, 9001, 9443}


def test_each_host_is_forwarded_and_any_other_is_answered_404(account: Account) -> None:
    listener = _balancer(account, "application")["listeners"][443]
    rules = account.client("elbv2").describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    answers = {
        condition["HostHeaderConfig"]["Values"][0]: rule["Actions"][0]["Type"]
        for rule in rules
        for condition in rule["Conditions"]
    }
    routes, domain = load_routes(), load("production").domain
    assert answers == {routes.host(route, domain): "forward" for route in routes.web}
    (other,) = (rule for rule in rules if rule["IsDefault"])
    assert other["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "404"


def test_the_device_balancer_listens_where_devices_and_people_connect(account: Account) -> None:
    listeners = _balancer(account, "network")["listeners"]
    assert {port: one["Protocol"] for port, one in listeners.items()} == {
        9000: "TCP",
        9001: "TCP",
        9443: "TLS",
        22: "TCP",
    }


def test_the_device_balancer_has_its_group_from_its_creation(
    account: Account, groups: dict[str, dict[str, Any]]
) -> None:
    group = groups["Load balancer of devices and of the bastion"]["GroupId"]
    assert _balancer(account, "network")["SecurityGroups"] == [group]


def test_the_platform_takes_the_attributes_of_every_target(account: Account) -> None:
    elb = account.client("elbv2")
    (lines,) = (
        group["TargetGroupArn"]
        for group in elb.describe_target_groups()["TargetGroups"]
        if group["TargetGroupName"].startswith("DevicesLines")
    )
    found = elb.describe_target_group_attributes(TargetGroupArn=lines)["Attributes"]
    values = {pair["Key"]: pair["Value"] for pair in found}
    assert values["preserve_client_ip.enabled"] == "true"
    assert values["target_health_state.unhealthy.connection_termination.enabled"] == "false"
