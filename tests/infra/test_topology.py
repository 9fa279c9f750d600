"""Each host name and each port of devices ends where it should, and a check would notice if not."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.environments import load
from infra.ports import SSH, TLS_LINES
from infra.routes import load as load_routes
from shared.telemetry.internal import InternalServer
from tests.infra import ways
from tests.infra.cloud import Cloud, Template
from tests.infra.ways import Broken

ROUTES = load_routes()
WEB = {route.subdomain: route.app for route in ROUTES.web}
LINES = {route.port: route.app for route in ROUTES.devices}
PORTS = {**LINES, TLS_LINES: "ingest", SSH: "bastion"}
PRODUCTION = "fortress.example.com"
API = f"api.{PRODUCTION}"
Mutation = Callable[[Cloud], None]


@pytest.fixture
def production(templates: dict[str, Template]) -> Cloud:
    return Cloud(templates, "production")


@pytest.mark.parametrize("subdomain", WEB)
def test_a_host_name_ends_at_the_app_that_compose_runs_for_it(cloud: Cloud, subdomain: str) -> None:
    host = f"{subdomain}.{load(cloud.environment).domain}"
    way = ways.of_host(cloud, host)
    assert way.app == WEB[subdomain]
    assert way.port == ROUTES.web_port
    assert (way.health_port, way.health_path) == (ROUTES.internal_port, ROUTES.health)
    assert way.module == f"apps.{WEB[subdomain]}.main"


@pytest.mark.parametrize("port", PORTS)
def test_a_port_of_devices_ends_at_the_service_that_takes_it(cloud: Cloud, port: int) -> None:
    assert ways.of_port(cloud, port).app == PORTS[port]


@pytest.mark.parametrize("port", [*LINES, TLS_LINES])
def test_ingest_is_asked_whether_it_is_ready(cloud: Cloud, port: int) -> None:
    way = ways.of_port(cloud, port)
    assert (way.health_port, way.health_path) == (ROUTES.internal_port, ROUTES.health)


def test_nothing_but_the_table_is_listened_on(cloud: Cloud) -> None:
    listeners = cloud.of(f"{ways.BALANCING}Listener")
    assert {listener.properties["Port"] for listener in listeners} == {80, 443, *PORTS}


def test_plain_http_is_only_sent_to_https(cloud: Cloud) -> None:
    (plain,) = [
        listener
        for listener in cloud.of(f"{ways.BALANCING}Listener")
        if listener.properties["Port"] == 80
    ]
    (action,) = plain.properties["DefaultActions"]
    assert action["Type"] == "redirect"
    assert action["RedirectConfig"]["Protocol"] == "HTTPS"


async def test_the_health_path_is_answered_on_the_internal_port() -> None:
    async def ready() -> bool:
        return True

    status, _, _ = await InternalServer(ready)._answer(b"GET", ROUTES.health.encode())
    assert status == 200


# -- what is broken is noticed


def _raw(cloud: Cloud, kind: str) -> list[dict[str, Any]]:
    return [raw["Properties"] for _, _, raw in cloud.raw() if raw["Type"] == kind]


def _rules(cloud: Cloud) -> list[dict[str, Any]]:
    """Those of hosts."""
    found = _raw(cloud, f"{ways.BALANCING}ListenerRule")
    return [rule for rule in found if "HostHeaderConfig" in rule["Conditions"][0]]


def _rule(cloud: Cloud, host: str) -> dict[str, Any]:
    (found,) = [
        rule
        for rule in _rules(cloud)
        if rule["Conditions"][0]["HostHeaderConfig"]["Values"] == [host]
    ]
    return found


def _service(cloud: Cloud, app: str) -> dict[str, Any]:
    (found,) = [it for it in _raw(cloud, "AWS::ECS::Service") if it["ServiceName"] == app]
    return found


def _container(cloud: Cloud, app: str) -> dict[str, Any]:
    containers = [
        found
        for task in _raw(cloud, "AWS::ECS::TaskDefinition")
        for found in task["ContainerDefinitions"]
    ]
    (found,) = [it for it in containers if it["Name"] == app]
    assert isinstance(found, dict)
    return found


def _group(cloud: Cloud) -> dict[str, Any]:
    name = _rule(cloud, API)["Actions"][0]["TargetGroupArn"]["Ref"]
    properties = cloud.templates["edge"]["Resources"][name]["Properties"]
    assert isinstance(properties, dict)
    return properties


def swapped_hosts(cloud: Cloud) -> None:
    one, other = _rule(cloud, API), _rule(cloud, f"billing.{PRODUCTION}")
    one["Conditions"], other["Conditions"] = other["Conditions"], one["Conditions"]


def swapped_groups(cloud: Cloud) -> None:
    one, other = _service(cloud, "api"), _service(cloud, "billing")
    one["LoadBalancers"][0]["TargetGroupArn"], other["LoadBalancers"][0]["TargetGroupArn"] = (
        other["LoadBalancers"][0]["TargetGroupArn"],
        one["LoadBalancers"][0]["TargetGroupArn"],
    )


def missing_rule(cloud: Cloud) -> None:
    resources = cloud.templates["edge"]["Resources"]
    rule = _rule(cloud, API)
    (name,) = [name for name, raw in resources.items() if raw.get("Properties") is rule]
    del resources[name]


def earlier_rule_for_every_host(cloud: Cloud) -> None:
    rule = _rule(cloud, f"loyalty.{PRODUCTION}")
    rule["Priority"] = 1
    rule["Conditions"][0]["HostHeaderConfig"]["Values"] = [f"*.{PRODUCTION}"]


def unknown_hosts_let_in(cloud: Cloud) -> None:
    (listener,) = [it for it in _raw(cloud, f"{ways.BALANCING}Listener") if it["Port"] == 443]
    listener["DefaultActions"] = _rule(cloud, API)["Actions"]


def missing_record(cloud: Cloud) -> None:
    for record in _raw(cloud, "AWS::Route53::RecordSet"):
        record["Name"] = record["Name"].replace("api.", "apis.")


def wrong_container_port(cloud: Cloud) -> None:
    _service(cloud, "api")["LoadBalancers"][0]["ContainerPort"] = ROUTES.internal_port


def port_not_mapped(cloud: Cloud) -> None:
    _container(cloud, "api")["PortMappings"] = [{"ContainerPort": ROUTES.internal_port}]


def app_told_another_port(cloud: Cloud) -> None:
    for item in _container(cloud, "api")["Environment"]:
        if item["Name"] == "FORTRESS_PORT":
            item["Value"] = "8080"


def wrong_health_path(cloud: Cloud) -> None:
    _group(cloud)["HealthCheckPath"] = "/health"


def wrong_health_port(cloud: Cloud) -> None:
    _group(cloud)["HealthCheckPort"] = str(ROUTES.web_port)


def wrong_group_port(cloud: Cloud) -> None:
    _group(cloud)["Port"] = 80


def image_of_another_app(cloud: Cloud) -> None:
    _container(cloud, "api")["Image"] = _container(cloud, "billing")["Image"]


def command_of_its_own(cloud: Cloud) -> None:
    _container(cloud, "api")["Command"] = ["python", "-m", "apps.billing.main"]


def another_domain(cloud: Cloud) -> None:
    for item in _container(cloud, "api")["Environment"]:
        if item["Name"] == "FORTRESS_DOMAIN":
            item["Value"] = "example.com"


def closed_to_the_balancer(cloud: Cloud) -> None:
    for rule in _raw(cloud, "AWS::EC2::SecurityGroupIngress"):
        if rule["FromPort"] == ROUTES.web_port:
            rule["FromPort"] = rule["ToPort"] = 1


def balancer_may_not_ask(cloud: Cloud) -> None:
    for rule in _raw(cloud, "AWS::EC2::SecurityGroupEgress"):
        if rule["FromPort"] == ROUTES.internal_port:
            rule["FromPort"] = rule["ToPort"] = 1


@pytest.mark.parametrize(
    ("mutation", "said"),
    [
        (swapped_hosts, "ends at billing:8000, in compose at"),
        (swapped_groups, "ends at billing:8000, in compose at"),
        (missing_rule, "no rule takes"),
        (earlier_rule_for_every_host, "ends at loyalty:8000, in compose at"),
        (unknown_hosts_let_in, "is not refused"),
        (missing_record, "has 0 records"),
        (wrong_container_port, "its container listens on 9090"),
        (port_not_mapped, "the task has no port 8000"),
        (app_told_another_port, "not on 8000"),
        (wrong_health_path, "/health, compose"),
        (wrong_health_port, "asked for 8000/readyz, compose"),
        (wrong_group_port, "is for 80"),
        (image_of_another_app, "the container api runs"),
        (command_of_its_own, "does not run what its image says"),
        (another_domain, "believes that it is not in"),
        (closed_to_the_balancer, "reach port 8000"),
        (balancer_may_not_ask, "reach port 9090"),
    ],
)
def test_a_way_that_is_broken_is_noticed(production: Cloud, mutation: Mutation, said: str) -> None:
    ways.of_host(production, API)
    mutation(production)
    with pytest.raises(Broken, match=said):
        ways.of_host(production, API)


def _line(cloud: Cloud, port: int) -> dict[str, Any]:
    (found,) = [it for it in _raw(cloud, f"{ways.BALANCING}Listener") if it["Port"] == port]
    return found


def ssh_to_devices(cloud: Cloud) -> None:
    _line(cloud, SSH)["DefaultActions"] = _line(cloud, 9000)["DefaultActions"]


def devices_to_ssh(cloud: Cloud) -> None:
    _line(cloud, 9000)["DefaultActions"] = _line(cloud, SSH)["DefaultActions"]


def tls_in_plain_text(cloud: Cloud) -> None:
    _line(cloud, TLS_LINES)["Protocol"] = "TCP"


def closed_to_everybody(cloud: Cloud) -> None:
    for group in _raw(cloud, "AWS::EC2::SecurityGroup"):
        group["SecurityGroupIngress"] = []


def sshd_elsewhere(cloud: Cloud) -> None:
    _container(cloud, "bastion")["PortMappings"] = [{"ContainerPort": 22}]


@pytest.mark.parametrize(
    ("port", "mutation", "said"),
    [
        (SSH, ssh_to_devices, "leads to 9000, not to 2222"),
        (9000, devices_to_ssh, "leads to 2222, not to 9000"),
        (TLS_LINES, tls_in_plain_text, "does not listen on 9443 with TLS"),
        (9000, closed_to_everybody, "may connect to port 9000"),
        (SSH, sshd_elsewhere, "the task has no port 2222"),
    ],
)
def test_a_line_that_is_broken_is_noticed(
    production: Cloud, port: int, mutation: Mutation, said: str
) -> None:
    ways.of_port(production, port)
    mutation(production)
    with pytest.raises(Broken, match=said):
        ways.of_port(production, port)
