"""Going away without losing anything: what the platform gives and what the apps take fit together.

Every number is read: the platform's from the templates, the apps' from their code.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from apps.ingest import server, supervisor
from apps.ingest.settings import IngestSettings
from infra.routes import load as load_routes
from shared import health
from shared.web import health as web_health
from shared.web import serve
from shared.web.settings import WebSettings
from tests.infra import images
from tests.infra.cloud import (
    Cloud,
    Resource,
    Template,
    attributes,
    container,
    services,
    tasks,
    variables,
)

ROUTES = load_routes()
WEB = [route.app for route in ROUTES.web]
BALANCING = "AWS::ElasticLoadBalancingV2::"
# What Fargate allows, and what it does without a value: AWS's documentation of ContainerDefinition.
LONGEST_STOP_S = 120
# What an app may take besides: closing its connections, and Python's own end.
SPARE_S = 5.0


def stop_s(cloud: Cloud, app: str) -> int:
    return int(container(tasks(cloud)[app])["StopTimeout"])


def told(cloud: Cloud, app: str, name: str, default: float) -> float:
    """A setting as the task gets it, else the app's own default."""
    return float(variables(tasks(cloud)[app]).get(name, default))


def default(kind: type[WebSettings] | type[IngestSettings], name: str) -> float:
    return float(kind.model_fields[name].default)


def groups(cloud: Cloud, app: str) -> list[Resource]:
    """The target groups that a service's tasks are put into."""
    found = services(cloud)[app].properties["LoadBalancers"]
    return [cloud.at(target["TargetGroupArn"]) for target in found]


def delay_s(group: Resource) -> int:
    found = attributes(group, "TargetGroupAttributes")
    return int(found["deregistration_delay.timeout_seconds"])


def noticed_s(group: Resource) -> int:
    """How long a balancer takes to see that a target is not ready, at worst."""
    asked = group.properties
    interval, checks = asked["HealthCheckIntervalSeconds"], asked["UnhealthyThresholdCount"]
    return int(interval * checks + asked["HealthCheckTimeoutSeconds"])


def balancer(cloud: Cloud, kind: str) -> Resource:
    (found,) = [it for it in cloud.of(f"{BALANCING}LoadBalancer") if it.properties["Type"] == kind]
    return found


# -- web apps


@pytest.mark.parametrize("app", WEB)
def test_a_web_app_has_the_time_that_it_takes_to_end(cloud: Cloud, app: str) -> None:
    leave = told(cloud, app, "FORTRESS_LEAVE_S", default(WebSettings, "leave_s"))
    assert leave + serve.DRAIN_S + SPARE_S <= stop_s(cloud, app) <= LONGEST_STOP_S


@pytest.mark.parametrize("app", WEB)
def test_a_web_app_answers_on_until_the_balancer_has_noticed(cloud: Cloud, app: str) -> None:
    # On Spot the signal comes first, and the balancer finds out by itself.
    leave = told(cloud, app, "FORTRESS_LEAVE_S", default(WebSettings, "leave_s"))
    assert all(noticed_s(group) <= leave for group in groups(cloud, app))


@pytest.mark.parametrize("app", WEB)
def test_a_planned_end_lets_requests_under_way_be_answered(cloud: Cloud, app: str) -> None:
    # ECS takes a task out of the balancer and waits this long before it sends the signal; what goes
    # on for longer has the app's own time to drain after it.
    least, most = (60, 300) if app == "reporting" else (10, 60)
    assert all(least <= delay_s(group) <= most for group in groups(cloud, app))


def test_an_idle_connection_is_closed_by_the_balancer_first(cloud: Cloud) -> None:
    # Otherwise a request meets a connection that the app has just closed: a 502.
    idle = attributes(balancer(cloud, "application"), "LoadBalancerAttributes")
    assert int(idle["idle_timeout.timeout_seconds"]) == ROUTES.idle_s
    assert ROUTES.idle_s + SPARE_S <= serve.KEEP_ALIVE_S


@pytest.mark.parametrize("app", [*WEB, "ingest"])
def test_compose_gives_as_much_time_as_an_app_takes_there(app: str) -> None:
    grace = float(images.compose()[app]["stop_grace_period"].removesuffix("s"))
    drain = default(IngestSettings, "drain_s") if app == "ingest" else serve.DRAIN_S
    assert drain + SPARE_S <= grace


# -- ingest


def drain_s(cloud: Cloud) -> float:
    return told(cloud, "ingest", "FORTRESS_DRAIN_S", default(IngestSettings, "drain_s"))


def test_ingest_has_the_time_that_it_takes_to_end(cloud: Cloud) -> None:
    most = drain_s(cloud) + server.END_S + supervisor.END_S + SPARE_S
    assert most <= stop_s(cloud, "ingest") == LONGEST_STOP_S


def test_the_default_fits_a_platform_that_waits_for_half_a_minute() -> None:
    assert default(IngestSettings, "drain_s") + SPARE_S <= 30


def test_every_device_is_told_to_come_back_at_the_rate_that_others_take(cloud: Cloud) -> None:
    # Twice as many as make another task start: more may come than the policy wants.
    alarms = [
        it.properties
        for it in cloud.of("AWS::CloudWatch::Alarm")
        if it.properties.get("MetricName") == "ActiveConnections"
        and it.properties.get("ComparisonOperator") == "GreaterThanOrEqualToThreshold"
        and it.stack == "services"
    ]
    (alarm,) = alarms
    rate = default(IngestSettings, "bye_rate")
    assert 2 * alarm["Threshold"] / rate <= drain_s(cloud) * server.BYE_SHARE


def test_devices_come_back_after_the_balancer_has_noticed_or_are_let_in_elsewhere(
    cloud: Cloud,
) -> None:
    # The socket is closed at once, so that whoever is sent here meanwhile is refused and tries
    # again; what must not be is that this goes on for longer than a device is patient.
    for group in groups(cloud, "ingest"):
        assert group.properties["HealthCheckPath"] == ROUTES.health
        assert noticed_s(group) <= 15


@pytest.mark.parametrize("app", ["ingest", "bastion"])
def test_no_balancer_cuts_a_connection_that_is_alive(cloud: Cloud, app: str) -> None:
    for group in groups(cloud, app):
        found = attributes(group, "TargetGroupAttributes")
        # Neither when a task is taken out, nor when it says that it is not ready.
        assert found["deregistration_delay.connection_termination.enabled"] == "false"
        assert found["target_health_state.unhealthy.connection_termination.enabled"] == "false"


def test_the_delay_before_the_signal_is_short_for_devices(cloud: Cloud) -> None:
    # They are not told before the signal, and new ones no longer come: it is time lost.
    assert all(10 <= delay_s(group) <= 30 for group in groups(cloud, "ingest"))


def test_one_task_is_reached_from_every_zone(cloud: Cloud) -> None:
    found = attributes(balancer(cloud, "network"), "LoadBalancerAttributes")
    assert found["load_balancing.cross_zone.enabled"] == "true"


def test_a_silent_device_is_noticed_before_the_balancer_forgets_it(cloud: Cloud) -> None:
    # 350 s, which a TLS listener cannot change: AWS's documentation of Network Load Balancers.
    idle = {
        attributes(it, "ListenerAttributes").get("tcp.idle_timeout.seconds", "350")
        for it in cloud.of(f"{BALANCING}Listener")
    }
    assert min(map(int, idle)) > default(IngestSettings, "idle_s") + SPARE_S


def test_ingest_believes_addresses_only_where_the_balancer_keeps_them(cloud: Cloud) -> None:
    kept = {
        attributes(group, "TargetGroupAttributes").get("preserve_client_ip.enabled", "false")
        for group in groups(cloud, "ingest")
    }
    assert kept == {variables(tasks(cloud)["ingest"])["FORTRESS_BY_ADDRESS"]}


# -- all of them


@pytest.mark.parametrize("app", [*WEB, "ingest", "bastion"])
def test_a_new_version_is_there_before_the_old_one_goes(cloud: Cloud, app: str) -> None:
    found = services(cloud)[app].properties
    how = found["DeploymentConfiguration"]
    assert (how["MinimumHealthyPercent"], how["MaximumPercent"]) == (100, 200)
    assert how["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


@pytest.mark.parametrize("app", [*WEB, "ingest", "bastion"])
def test_a_task_that_starts_is_not_judged_before_it_can_be_ready(cloud: Cloud, app: str) -> None:
    health = container(tasks(cloud)[app])["HealthCheck"]
    ready = max(
        group.properties["HealthCheckIntervalSeconds"] * group.properties["HealthyThresholdCount"]
        for group in groups(cloud, app)
    )
    grace = services(cloud)[app].properties["HealthCheckGracePeriodSeconds"]
    assert health["StartPeriod"] + ready + SPARE_S < grace


@pytest.mark.parametrize("app", WEB)
def test_an_app_says_that_it_is_not_ready_before_the_balancer_stops_listening(
    cloud: Cloud, app: str
) -> None:
    # A database that does not answer is found out within the app's own bound.
    assert all(
        group.properties["HealthCheckTimeoutSeconds"] > web_health.ANSWER_S
        for group in groups(cloud, app)
    )


@pytest.mark.parametrize("app", [*WEB, "ingest"])
def test_a_container_is_asked_by_a_program_that_gives_up_in_time(cloud: Cloud, app: str) -> None:
    assert container(tasks(cloud)[app])["HealthCheck"]["Timeout"] > health.ANSWER_S


def test_no_number_of_the_signal_is_left_to_chance(cloud: Cloud) -> None:
    assert all(re.fullmatch(r"\d+", str(stop_s(cloud, app))) for app in tasks(cloud))


# -- numbers that do not fit are noticed


def _properties(cloud: Cloud, kind: str) -> list[dict[str, Any]]:
    return [raw["Properties"] for _, _, raw in cloud.raw() if raw["Type"] == kind]


def stops_sooner(cloud: Cloud) -> None:
    for task in _properties(cloud, "AWS::ECS::TaskDefinition"):
        task["ContainerDefinitions"][0]["StopTimeout"] = 30


def told_otherwise(name: str, value: str) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        for task in _properties(cloud, "AWS::ECS::TaskDefinition"):
            for item in task["ContainerDefinitions"][0]["Environment"]:
                if item["Name"] == name:
                    item["Value"] = value

    return change


def set_everywhere(kind: str, key: str, name: str, value: str) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        for found in _properties(cloud, f"{BALANCING}{kind}"):
            for item in found.get(key, []):
                if item["Key"] == name:
                    item["Value"] = value

    return change


def checked_seldom(cloud: Cloud) -> None:
    for group in _properties(cloud, f"{BALANCING}TargetGroup"):
        group["HealthCheckIntervalSeconds"] = 30


def of_target(name: str, value: str) -> Callable[[Cloud], None]:
    return set_everywhere("TargetGroup", "TargetGroupAttributes", name, value)


def of_balancer(name: str, value: str) -> Callable[[Cloud], None]:
    return set_everywhere("LoadBalancer", "LoadBalancerAttributes", name, value)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (stops_sooner, partial(test_a_web_app_has_the_time_that_it_takes_to_end, app="api")),
        (stops_sooner, test_ingest_has_the_time_that_it_takes_to_end),
        (
            told_otherwise("FORTRESS_LEAVE_S", "5"),
            partial(test_a_web_app_answers_on_until_the_balancer_has_noticed, app="api"),
        ),
        (
            checked_seldom,
            partial(test_a_web_app_answers_on_until_the_balancer_has_noticed, app="api"),
        ),
        (
            told_otherwise("FORTRESS_DRAIN_S", "120"),
            test_ingest_has_the_time_that_it_takes_to_end,
        ),
        (
            told_otherwise("FORTRESS_DRAIN_S", "10"),
            test_every_device_is_told_to_come_back_at_the_rate_that_others_take,
        ),
        (
            of_balancer("idle_timeout.timeout_seconds", "90"),
            test_an_idle_connection_is_closed_by_the_balancer_first,
        ),
        (
            of_target("target_health_state.unhealthy.connection_termination.enabled", "true"),
            partial(test_no_balancer_cuts_a_connection_that_is_alive, app="ingest"),
        ),
        (
            of_target("deregistration_delay.timeout_seconds", "300"),
            test_the_delay_before_the_signal_is_short_for_devices,
        ),
        (
            of_target("preserve_client_ip.enabled", "false"),
            test_ingest_believes_addresses_only_where_the_balancer_keeps_them,
        ),
        (
            of_balancer("load_balancing.cross_zone.enabled", "false"),
            test_one_task_is_reached_from_every_zone,
        ),
    ],
)
def test_numbers_that_do_not_fit_are_noticed(
    templates: dict[str, Template],
    change: Callable[[Cloud], None],
    check: Callable[[Cloud], None],
) -> None:
    production = Cloud(templates, "production")
    check(production)
    change(production)
    with pytest.raises(AssertionError):
        check(production)
