"""Connections: all that tasks may hold against what the proxy and the database give."""

from collections.abc import Callable

import pytest

from apps.ingest.server import WRITERS
from apps.ingest.settings import IngestSettings
from infra.environments import load
from infra.routes import load as load_routes
from shared.db.engine import BORROW_S, RECYCLE_S
from shared.settings import Settings
from tests.infra.cloud import Cloud, Template, services, tasks, variables

APPS = [*(route.app for route in load_routes().web), "ingest"]
# What AWS advises to leave free of what a proxy may open.
HEADROOM = 0.3
# People through the bastion, migrations, RDS itself.
OTHERS = 50


def most_tasks(cloud: Cloud, app: str) -> int:
    """As many as scaling may start."""
    service = services(cloud)[app]
    (found,) = [
        target.properties
        for target in cloud.of("AWS::ApplicationAutoScaling::ScalableTarget")
        if f"{service.name}.Name" in target.properties["ResourceId"]
    ]
    return int(found["MaxCapacity"])


def each(cloud: Cloud, app: str) -> int:
    """The most that one task holds: of each process its pool, and ingest's writers beside it."""
    told = variables(tasks(cloud)[app])
    pool = int(told.get("FORTRESS_DATABASE_POOL", Settings.model_fields["database_pool"].default))
    if app != "ingest":
        return pool
    workers = int(told.get("FORTRESS_WORKERS", IngestSettings.model_fields["workers"].default))
    return workers * (pool + WRITERS)


def wanted(cloud: Cloud) -> int:
    """What all tasks hold when every service is at its maximum and all connections are in use."""
    return sum(most_tasks(cloud, app) * each(cloud, app) for app in APPS)


def given(cloud: Cloud) -> int:
    """What the database takes: whichever instance is the writer."""
    groups = {
        instance.properties["DBParameterGroupName"] for instance in cloud.of("AWS::RDS::DBInstance")
    }
    return min(int(cloud.at(name).properties["Parameters"]["max_connections"]) for name in groups)


def proxied(cloud: Cloud) -> float:
    """What of it the proxy may open."""
    (group,) = cloud.of("AWS::RDS::DBProxyTargetGroup")
    percent = group.properties["ConnectionPoolConfigurationInfo"]["MaxConnectionsPercent"]
    return given(cloud) * float(percent) / 100


def test_all_tasks_together_leave_the_proxy_headroom(cloud: Cloud) -> None:
    assert wanted(cloud) <= proxied(cloud) * (1 - HEADROOM)


def test_nobody_waits_for_a_connection_while_every_service_is_replaced_at_once(
    cloud: Cloud,
) -> None:
    percents = {
        service.properties["DeploymentConfiguration"]["MaximumPercent"]
        for service in services(cloud).values()
    }
    assert wanted(cloud) * max(percents) / 100 <= proxied(cloud)


def test_the_database_has_room_beside_the_proxy(cloud: Cloud) -> None:
    assert proxied(cloud) + OTHERS <= given(cloud)


def test_what_is_pinned_is_a_small_part_of_what_the_proxy_has(cloud: Cloud) -> None:
    # Batches are larger than 16 KB, so each writer keeps its connection to the database.
    pinned = 2 * most_tasks(cloud, "ingest") * WRITERS
    assert pinned <= proxied(cloud) / 4


def test_the_configuration_is_what_tasks_are_told(cloud: Cloud) -> None:
    sizes = load(cloud.environment).services
    for app in APPS:
        assert variables(tasks(cloud)[app])["FORTRESS_DATABASE_POOL"] == str(sizes[app].pool)
        assert most_tasks(cloud, app) == sizes[app].maximum


def test_the_proxy_gives_up_a_connection_later_than_tasks_do(cloud: Cloud) -> None:
    (proxy,) = cloud.of("AWS::RDS::DBProxy")
    assert proxy.properties["IdleClientTimeout"] > RECYCLE_S


def test_waiting_for_a_connection_ends_before_a_request_does(cloud: Cloud) -> None:
    (group,) = cloud.of("AWS::RDS::DBProxyTargetGroup")
    borrow = group.properties["ConnectionPoolConfigurationInfo"]["ConnectionBorrowTimeout"]
    assert borrow + BORROW_S <= 30


# -- numbers that do not fit are noticed


def larger_pools(cloud: Cloud) -> None:
    for _, _, raw in cloud.raw():
        if raw["Type"] == "AWS::ECS::TaskDefinition":
            for item in raw["Properties"]["ContainerDefinitions"][0]["Environment"]:
                if item["Name"] == "FORTRESS_DATABASE_POOL":
                    item["Value"] = "5"


def fewer_connections(cloud: Cloud) -> None:
    for _, _, raw in cloud.raw():
        parameters = raw.get("Properties", {}).get("Parameters", {})
        if isinstance(parameters, dict) and "max_connections" in parameters:
            parameters["max_connections"] = "400"


def more_tasks(cloud: Cloud) -> None:
    for _, _, raw in cloud.raw():
        if raw["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget":
            raw["Properties"]["MaxCapacity"] = 50


@pytest.mark.parametrize("change", [larger_pools, fewer_connections, more_tasks])
def test_numbers_that_do_not_fit_are_noticed(
    templates: dict[str, Template], change: Callable[[Cloud], None]
) -> None:
    production = Cloud(templates, "production")
    test_all_tasks_together_leave_the_proxy_headroom(production)
    change(production)
    with pytest.raises(AssertionError):
        test_all_tasks_together_leave_the_proxy_headroom(production)
