"""A line that routes.json does not list yet: listing it is all that it takes."""

from pathlib import Path

import msgspec
import pytest

from infra.environments import load
from infra.ports import check_free
from infra.routes import DeviceRoute, Routes
from infra.routes import load as load_routes
from shared.errors import ConfigurationError
from tests.support import variants
from tests.support.templates import every

ANOTHER = 9002


def _with_line(port: int) -> Routes:
    routes = load_routes()
    line = DeviceRoute(app="ingest", name="another", port=port)
    return msgspec.structs.replace(routes, devices=(*routes.devices, line))


def test_it_gets_a_listener_targets_and_rules(tmp_path: Path) -> None:
    made = variants.with_routes(load("staging"), _with_line(ANOTHER), tmp_path)
    balancing = "AWS::ElasticLoadBalancingV2"
    groups = every(made["network"], "AWS::EC2::SecurityGroup")
    ports = {
        "listeners": {one["Port"] for one in every(made["edge"], f"{balancing}::Listener")},
        "targets": {one["Port"] for one in every(made["edge"], f"{balancing}::TargetGroup")},
        "from outside": {
            rule["FromPort"] for one in groups for rule in one.get("SecurityGroupIngress", [])
        },
        "to ingest": {
            one["FromPort"] for one in every(made["network"], "AWS::EC2::SecurityGroupIngress")
        },
        "of a container": {
            mapping["ContainerPort"]
            for task in every(made["services"], "AWS::ECS::TaskDefinition")
            for mapping in task["ContainerDefinitions"][0].get("PortMappings", [])
        },
        "in a service": {
            target["ContainerPort"]
            for service in every(made["services"], "AWS::ECS::Service")
            for target in service["LoadBalancers"]
        },
    }
    assert [name for name, found in ports.items() if ANOTHER not in found] == []


@pytest.mark.parametrize("port", [22, 9443])
def test_a_port_that_is_taken_at_the_balancer_is_refused(port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"on port {port}: that one is taken"):
        check_free(_with_line(port))


def test_the_lines_that_are_listed_are_on_free_ports() -> None:
    check_free(load_routes())
