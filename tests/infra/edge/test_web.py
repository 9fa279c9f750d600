"""The load balancer of the six web apps."""

from typing import Any

import pytest

from infra.environments import load
from infra.routes import load as load_routes
from tests.support.templates import Templates, attributes, by_id, every

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
TARGET = "AWS::ElasticLoadBalancingV2::TargetGroup"


@pytest.fixture
def edge(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-edge"]


@pytest.fixture
def balancer(edge: dict[str, Any]) -> dict[str, Any]:
    (found,) = (one for one in every(edge, BALANCER) if one["Type"] == "application")
    return found


@pytest.fixture
def listeners(edge: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {
        one["Port"]: one for one in every(edge, LISTENER) if one["Protocol"] in {"HTTP", "HTTPS"}
    }


@pytest.fixture
def targets(edge: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in by_id(edge, TARGET).items() if one["Protocol"] == "HTTP"}


def test_it_listens_on_http_and_https(listeners: dict[int, Any]) -> None:
    assert set(listeners) == {80, 443}


@pytest.fixture
def of_hosts(edge: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of the listener of https."""
    return [one for one in every(edge, RULE) if "Https" in one["ListenerArn"]["Ref"]]


def test_http_is_sent_to_https(listeners: dict[int, Any]) -> None:
    (action,) = listeners[80]["DefaultActions"]
    redirect = action["RedirectConfig"]
    assert (redirect["Protocol"], redirect["Port"]) == ("HTTPS", "443")
    assert redirect["StatusCode"] == "HTTP_301"


def test_programs_are_not_redirected(edge: dict[str, Any]) -> None:
    (rule,) = (one for one in every(edge, RULE) if "Https" not in one["ListenerArn"]["Ref"])
    (condition,) = rule["Conditions"]
    assert condition["PathPatternConfig"]["Values"] == ["/v1/*"]
    (action,) = rule["Actions"]
    assert action["Type"] == "fixed-response"
    assert action["FixedResponseConfig"]["StatusCode"] == "403"


def test_an_unknown_host_reaches_no_app(listeners: dict[int, Any]) -> None:
    (action,) = listeners[443]["DefaultActions"]
    assert action["Type"] == "fixed-response"
    assert action["FixedResponseConfig"]["StatusCode"] == "404"


def test_its_tls_is_of_the_recommended_policy(listeners: dict[int, Any]) -> None:
    assert listeners[443]["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")


def test_there_is_a_rule_for_exactly_each_host_of_the_routes(
    of_hosts: list[dict[str, Any]], environment_name: str
) -> None:
    routes, domain = load_routes(), load(environment_name).domain
    hosts = [
        condition["HostHeaderConfig"]["Values"]
        for rule in of_hosts
        for condition in rule["Conditions"]
    ]
    assert sorted(hosts) == sorted([routes.host(route, domain)] for route in routes.web)


def test_each_host_goes_to_the_targets_of_its_own_app(
    of_hosts: list[dict[str, Any]], environment_name: str
) -> None:
    routes, domain = load_routes(), load(environment_name).domain
    reached = {
        rule["Conditions"][0]["HostHeaderConfig"]["Values"][0]: rule["Actions"][0][
            "TargetGroupArn"
        ]["Ref"][len("Web") : -8].lower()
        for rule in of_hosts
    }
    assert reached == {routes.host(route, domain): route.app for route in routes.web}


def test_no_two_rules_have_the_same_priority(of_hosts: list[dict[str, Any]]) -> None:
    priorities = [rule["Priority"] for rule in of_hosts]
    assert len(set(priorities)) == len(load_routes().web)


def test_malformed_headers_are_dropped(balancer: dict[str, Any]) -> None:
    found = attributes(balancer, "LoadBalancerAttributes")
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_silence_ends_a_connection_when_the_routes_say(balancer: dict[str, Any]) -> None:
    found = attributes(balancer, "LoadBalancerAttributes")
    assert found["idle_timeout.timeout_seconds"] == str(load_routes().idle_s)


def test_who_asked_for_what_is_logged(edge: dict[str, Any]) -> None:
    found = [attributes(one, "LoadBalancerAttributes") for one in every(edge, BALANCER)]
    assert [one["access_logs.s3.enabled"] for one in found] == ["true", "true"]
    assert {one["access_logs.s3.prefix"] for one in found} == {"alb", "nlb"}


def test_neither_balancer_is_deleted_by_mistake(edge: dict[str, Any]) -> None:
    found = [attributes(one, "LoadBalancerAttributes") for one in every(edge, BALANCER)]
    assert [one["deletion_protection.enabled"] for one in found] == ["true", "true"]


def test_it_stands_in_two_zones_even_where_tasks_run_in_one(balancer: dict[str, Any]) -> None:
    assert len(balancer["Subnets"]) >= 2


def test_an_app_is_asked_whether_it_is_ready_on_the_port_of_probes(
    targets: dict[str, dict[str, Any]],
) -> None:
    routes = load_routes()
    asked = {(one["HealthCheckPath"], one["HealthCheckPort"]) for one in targets.values()}
    assert asked == {(routes.health, str(routes.internal_port))}


def test_requests_come_to_the_port_that_compose_runs_the_apps_on(
    targets: dict[str, dict[str, Any]],
) -> None:
    assert {one["Port"] for one in targets.values()} == {load_routes().web_port}


def test_a_new_task_is_asked_for_ten_seconds_only(targets: dict[str, dict[str, Any]]) -> None:
    waits = {
        one["HealthCheckIntervalSeconds"] * one["HealthyThresholdCount"] for one in targets.values()
    }
    assert waits == {10}
