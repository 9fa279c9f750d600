from typing import Any

import pytest

from infra.environments import load
from infra.routes import load as load_routes
from migrations.users import USERS as DATABASE_USERS
from tests.support.templates import Templates, only, statements

POOL = "ConnectionPoolConfigurationInfo"


@pytest.fixture
def data(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-data"]


@pytest.fixture
def proxy(data: dict[str, Any]) -> dict[str, Any]:
    return only(data, "AWS::RDS::DBProxy")


@pytest.fixture
def pool(data: dict[str, Any]) -> dict[str, Any]:
    found = only(data, "AWS::RDS::DBProxyTargetGroup")[POOL]
    assert isinstance(found, dict)
    return found


def test_iam_is_required_and_no_password_is_known(proxy: dict[str, Any]) -> None:
    assert proxy["DefaultAuthScheme"] == "IAM_AUTH"
    assert "Auth" not in proxy


def test_tls_is_required(proxy: dict[str, Any]) -> None:
    assert proxy["RequireTLS"] is True


def test_statements_are_not_logged(proxy: dict[str, Any]) -> None:
    assert not proxy.get("DebugLogging", False)


def test_its_role_may_sign_in_as_each_app_and_as_people_and_as_nobody_else(
    data: dict[str, Any], environment_name: str
) -> None:
    (granted,) = (one for one in statements(data) if one["Action"] == "rds-db:connect")
    users = [str(arn["Fn::Join"][1][-1]).lstrip("/") for arn in granted["Resource"]]
    apps = [f"fortress_{app}" for app in load(environment_name).services]
    assert users == [*apps, DATABASE_USERS["people"]]


def test_its_role_may_do_nothing_else(data: dict[str, Any]) -> None:
    assert [statement["Action"] for statement in statements(data)] == ["rds-db:connect"]


def test_a_silent_client_stays_half_an_hour(proxy: dict[str, Any]) -> None:
    assert proxy["IdleClientTimeout"] == 1800


def test_waiting_for_a_connection_ends_before_the_request_does(pool: dict[str, Any]) -> None:
    assert pool["ConnectionBorrowTimeout"] < load_routes().idle_s


def test_a_third_of_the_connections_is_left_for_others(pool: dict[str, Any]) -> None:
    assert pool["MaxConnectionsPercent"] <= 70


def test_the_first_requests_wait_for_the_instances(data: dict[str, Any]) -> None:
    (group,) = (
        one for one in data["Resources"].values() if one["Type"] == "AWS::RDS::DBProxyTargetGroup"
    )
    assert any(name.startswith("ClusterInstance") for name in group["DependsOn"])


def test_it_stands_in_two_zones_or_more(proxy: dict[str, Any]) -> None:
    assert len(proxy["VpcSubnetIds"]) >= 2
