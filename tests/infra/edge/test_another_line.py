"""A line that routes.json does not list yet: listing it is all that it takes."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.environments import load
from infra.routes import DeviceRoute, Routes
from infra.routes import load as load_routes
from shared.errors import ConfigurationError
from tests.support.templates import Template, every

TELTONIKA = 9001


def _with_line(port: int) -> Routes:
    routes = load_routes()
    line = DeviceRoute(app="ingest", name="teltonika", port=port)
    return msgspec.structs.replace(routes, devices=(*routes.devices, line))


def _synthesise(routes: Routes, out: Path) -> dict[str, Template]:
    # Constructs start a process: only tests that need one pay for it.
    from infra.app import new  # noqa: PLC0415 - see above
    from infra.stacks.edge import EdgeStack  # noqa: PLC0415 - see above
    from infra.stacks.network import NetworkStack  # noqa: PLC0415 - see above

    environment = load("staging")
    app = new(out, environment)
    network = NetworkStack(app, "network", environment=environment, routes=routes)
    EdgeStack(app, "edge", environment=environment, network=network, routes=routes)
    app.synth()
    return {
        name: json.loads((out / f"{name}.template.json").read_bytes())
        for name in ("network", "edge")
    }


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return _synthesise(_with_line(TELTONIKA), tmp_path_factory.mktemp("synth"))


def _at(templates: dict[str, Template], stack: str, kind: str) -> list[dict[str, Any]]:
    return every(templates[stack], kind)


def test_it_gets_a_listener(listed: dict[str, Template]) -> None:
    listeners = _at(listed, "edge", "AWS::ElasticLoadBalancingV2::Listener")
    assert TELTONIKA in {listener["Port"] for listener in listeners}


def test_it_gets_targets(listed: dict[str, Template]) -> None:
    groups = _at(listed, "edge", "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert TELTONIKA in {group["Port"] for group in groups}


def test_devices_may_reach_it(listed: dict[str, Template]) -> None:
    groups = _at(listed, "network", "AWS::EC2::SecurityGroup")
    opened = {rule["FromPort"] for one in groups for rule in one.get("SecurityGroupIngress", [])}
    assert TELTONIKA in opened


def test_the_balancer_may_reach_ingest_at_it(listed: dict[str, Template]) -> None:
    rules = _at(listed, "network", "AWS::EC2::SecurityGroupIngress")
    assert TELTONIKA in {rule["FromPort"] for rule in rules}


@pytest.mark.parametrize("port", [22, 9443])
def test_a_port_that_is_taken_at_the_balancer_is_refused(tmp_path: Path, port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"on port {port}: that one is taken"):
        _synthesise(_with_line(port), tmp_path)
