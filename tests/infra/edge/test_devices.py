"""The load balancer of devices and of the bastion."""

from typing import Any

import pytest

from apps.ingest.settings import IngestSettings
from infra.routes import load as load_routes
from tests.support.templates import Templates, attributes, by_id, every

LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
TARGET = "AWS::ElasticLoadBalancingV2::TargetGroup"
# A network load balancer forgets a TLS connection that is silent for this long; for TCP it is the
# default. Nobody can change the first.
FORGETS_S = 350


@pytest.fixture
def edge(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-edge"]


@pytest.fixture
def balancer(edge: dict[str, Any]) -> dict[str, Any]:
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    (found,) = (one for one in every(edge, kind) if one["Type"] == "network")
    return found


@pytest.fixture
def listeners(edge: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {one["Port"]: one for one in every(edge, LISTENER) if one["Protocol"] in {"TCP", "TLS"}}


@pytest.fixture
def targets(edge: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name[len("Devices") : -8].lower(): one
        for name, one in by_id(edge, TARGET).items()
        if one["Protocol"] == "TCP"
    }


def _target(listener: dict[str, Any]) -> str:
    (action,) = listener["DefaultActions"]
    return str(action["TargetGroupArn"]["Ref"])[len("Devices") : -8].lower()


def test_each_listener_ends_at_something_that_listens(listeners: dict[int, Any]) -> None:
    ends = {port: _target(listener) for port, listener in listeners.items()}
    assert ends == {9000: "lines", 9001: "teltonika", 9443: "tls", 22: "bastion"}


def test_tls_ends_at_the_balancer_and_goes_on_to_the_lines(
    listeners: dict[int, Any], targets: dict[str, dict[str, Any]]
) -> None:
    assert listeners[9443]["Protocol"] == "TLS"
    assert listeners[9443]["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert targets["tls"]["Port"] == targets["lines"]["Port"] == load_routes().devices[0].port


def test_ssh_comes_to_the_port_that_the_bastion_listens_on(
    targets: dict[str, dict[str, Any]],
) -> None:
    assert (targets["bastion"]["Port"], targets["bastion"]["HealthCheckPort"]) == (2222, "2222")


def test_its_security_group_is_there_from_its_creation(balancer: dict[str, Any]) -> None:
    assert len(balancer["SecurityGroups"]) == 1


def test_a_task_that_is_alone_gets_what_comes_in_at_every_zone(balancer: dict[str, Any]) -> None:
    found = attributes(balancer, "LoadBalancerAttributes")
    assert found["load_balancing.cross_zone.enabled"] == "true"


def test_a_device_that_is_alive_is_not_cut_because_its_task_drains(
    targets: dict[str, dict[str, Any]],
) -> None:
    found = {
        attributes(one, "TargetGroupAttributes")[
            "target_health_state.unhealthy.connection_termination.enabled"
        ]
        for one in targets.values()
    }
    assert found == {"false"}


def test_a_device_that_is_alive_is_not_cut_when_its_task_is_taken_out(
    targets: dict[str, dict[str, Any]],
) -> None:
    found = {
        attributes(one, "TargetGroupAttributes")[
            "deregistration_delay.connection_termination.enabled"
        ]
        for one in targets.values()
    }
    assert found == {"false"}


def test_a_task_is_taken_out_within_half_a_minute(targets: dict[str, dict[str, Any]]) -> None:
    for one in targets.values():
        delay = attributes(one, "TargetGroupAttributes")["deregistration_delay.timeout_seconds"]
        assert 10 <= int(delay) <= 30


def test_ingest_and_the_bastion_see_addresses_of_who_comes(
    targets: dict[str, dict[str, Any]],
) -> None:
    found = {
        attributes(one, "TargetGroupAttributes")["preserve_client_ip.enabled"]
        for one in targets.values()
    }
    assert found == {"true"}


@pytest.mark.parametrize("name", ["lines", "teltonika", "tls"])
def test_ingest_is_asked_whether_it_is_ready_not_whether_it_is_there(
    targets: dict[str, dict[str, Any]], name: str
) -> None:
    routes, target = load_routes(), targets[name]
    assert target["HealthCheckProtocol"] == "HTTP"
    assert target["HealthCheckPath"] == routes.health
    assert target["HealthCheckPort"] == str(routes.internal_port)


def test_ingest_ends_a_silent_connection_before_the_balancer_forgets_it() -> None:
    assert IngestSettings.model_fields["idle_s"].default < FORGETS_S


def test_the_small_profile_has_it_in_one_zone(templates: Templates) -> None:
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    found = every(templates["fortress-staging-edge"], kind)
    assert [len(one["Subnets"]) for one in found if one["Type"] == "network"] == [1]
