"""Who may talk to whom: read from the rules at both ends, and nothing else is open."""

from typing import Any

import pytest

from tests.support.templates import Templates, by_id, every

WORLD = "0.0.0.0/0"
Rule = tuple[str, str, int]


def _name(reference: Any) -> str:
    """`web` for what stands for the group GroupsWeb….GroupId."""
    logical = reference["Fn::GetAtt"][0]
    assert isinstance(logical, str)
    return logical.removeprefix("Groups")[:-8].lower()


def _between(network: dict[str, Any], kind: str, own: str, other: str) -> set[Rule]:
    found = set()
    for rule in every(network, kind):
        assert rule["FromPort"] == rule["ToPort"]
        ends = (_name(rule[other]), _name(rule[own]))
        found.add((*(ends if kind.endswith("Ingress") else ends[::-1]), rule["FromPort"]))
    return found


@pytest.fixture
def network(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-network"]


@pytest.fixture
def entering(network: dict[str, Any]) -> set[Rule]:
    kind = "AWS::EC2::SecurityGroupIngress"
    return _between(network, kind, "GroupId", "SourceSecurityGroupId")


@pytest.fixture
def leaving(network: dict[str, Any]) -> set[Rule]:
    kind = "AWS::EC2::SecurityGroupEgress"
    return _between(network, kind, "GroupId", "DestinationSecurityGroupId")


@pytest.fixture
def groups(network: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = by_id(network, "AWS::EC2::SecurityGroup")
    return {name.removeprefix("Groups")[:-8].lower(): group for name, group in found.items()}


def _open(group: dict[str, Any], direction: str) -> set[tuple[str, int]]:
    rules = group.get(direction, [])
    return {(rule["CidrIp"], rule["FromPort"]) for rule in rules if rule["CidrIp"] == WORLD}


def test_every_way_between_groups_is_one_that_something_uses(entering: set[Rule]) -> None:
    tasks = {
        ("alb", "web", 8000),
        ("alb", "web", 9090),
        ("nlb", "ingest", 9000),
        ("nlb", "ingest", 9001),
        ("nlb", "ingest", 9090),
        ("nlb", "bastion", 2222),
    }
    data = {
        ("web", "proxy", 3306),
        ("ingest", "proxy", 3306),
        ("bastion", "proxy", 3306),
        ("proxy", "database", 3306),
        ("migrations", "database", 3306),
        ("web", "valkey", 6379),
        ("ingest", "valkey", 6379),
    }
    inside = {(name, "endpoints", 443) for name in ("web", "ingest", "bastion", "migrations")}
    assert entering == tasks | data | inside


def test_a_way_into_a_group_leads_out_of_the_other(entering: set[Rule], leaving: set[Rule]) -> None:
    assert leaving == {rule for rule in entering if rule[1] != "endpoints"}


def test_the_web_balancer_is_open_on_http_and_https_only(groups: dict[str, Any]) -> None:
    assert _open(groups["alb"], "SecurityGroupIngress") == {(WORLD, 80), (WORLD, 443)}


def test_the_device_balancer_is_open_on_its_listeners_only(groups: dict[str, Any]) -> None:
    ports = {port for _, port in _open(groups["nlb"], "SecurityGroupIngress")}
    assert ports == {22, 9000, 9001, 9443}


def test_nothing_else_is_open_to_the_world(groups: dict[str, Any]) -> None:
    opened = {name for name, group in groups.items() if _open(group, "SecurityGroupIngress")}
    assert opened == {"alb", "nlb"}


def test_only_tasks_reach_the_world_and_on_https_only(groups: dict[str, Any]) -> None:
    reach = {name: _open(group, "SecurityGroupEgress") for name, group in groups.items()}
    tasks = ("web", "ingest", "bastion", "migrations")
    assert {name: ports for name, ports in reach.items() if ports} == {
        name: {(WORLD, 443)} for name in tasks
    }


def test_the_bastion_reaches_the_proxy_and_no_database(entering: set[Rule]) -> None:
    assert {to for source, to, _ in entering if source == "bastion"} == {"proxy", "endpoints"}


def test_no_other_stack_adds_a_rule(templates: Templates, environment_name: str) -> None:
    rules = [
        (name, kind)
        for name, template in templates.items()
        for kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
        if every(template, kind) and name != f"fortress-{environment_name}-network"
        if environment_name in name
    ]
    assert rules == []
