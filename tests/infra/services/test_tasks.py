"""Task definitions and services, as they are written into the templates."""

import importlib

import pytest

from infra.environments import load, load_delivery
from infra.routes import load as load_routes
from migrations.settings import MigrationsSettings
from shared.settings import Settings
from shared.settings import load as load_settings
from tests.infra import images
from tests.infra.cloud import Cloud, container, services, tasks, variables

WEB = [route.app for route in load_routes().web]
APPS = [*WEB, "ingest"]
ALL = [*APPS, "bastion"]
# What Fargate puts into the place of a reference that only AWS knows.
SECRET = "a-secret-of-thirty-two-characters"


@pytest.fixture
def every(cloud: Cloud) -> list[dict[str, object]]:
    """Every container there is."""
    return [container(task) for task in tasks(cloud).values()]


# -- what holds for every task


def test_every_app_has_a_task_and_migrations_too(cloud: Cloud) -> None:
    assert {*ALL, "migrations"} <= set(tasks(cloud))
    assert set(services(cloud)) == set(ALL)


def test_all_run_on_graviton_in_the_size_that_is_configured(cloud: Cloud) -> None:
    environment = load(cloud.environment)
    sizes = environment.services | {"bastion": environment.bastion}
    for name, task in tasks(cloud).items():
        assert task.properties["RequiresCompatibilities"] == ["FARGATE"]
        platform = task.properties["RuntimePlatform"]
        assert platform == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
        if name in sizes:
            given = (task.properties["Cpu"], task.properties["Memory"])
            assert given == (str(sizes[name].cpu), str(sizes[name].memory))


def test_nothing_can_be_written_but_tmp(cloud: Cloud) -> None:
    for name, task in tasks(cloud).items():
        found = container(task)
        assert found["ReadonlyRootFilesystem"] is True
        (mount,) = found["MountPoints"]
        assert (mount["ContainerPath"], mount["SourceVolume"]) == ("/tmp", "tmp")
        assert task.properties["Volumes"] == [{"Name": "tmp"}]
        # Or it would be root's alone.
        assert images.image(name).volumes == {"/tmp"}


def test_none_has_a_privilege(cloud: Cloud) -> None:
    for name, task in tasks(cloud).items():
        found = container(task)
        assert found["User"] == images.image(name).user == "10001:10001"
        assert found["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
        assert not found.get("Privileged")


def test_each_runs_what_its_image_says(every: list[dict[str, object]]) -> None:
    delivery = load_delivery()
    registry = f"{delivery.account}.dkr.ecr.{delivery.region}.amazonaws.com"
    for found in every:
        name = str(found["Name"])
        assert found["Image"] == f"{registry}/fortress/{name}:{{Tag{name.title()}}}"
        assert "Command" not in found
        assert "EntryPoint" not in found


def test_a_tag_has_to_be_given(cloud: Cloud) -> None:
    parameters = cloud.templates["services"]["Parameters"]
    for name in tasks(cloud):
        assert "Default" not in parameters[f"Tag{name.title()}"]


@pytest.mark.parametrize("app", [*ALL, "migrations"])
def test_ecs_asks_for_health_as_the_image_does(cloud: Cloud, app: str) -> None:
    image = images.image(app)
    found = container(tasks(cloud)[app]).get("HealthCheck", {})
    times = {"Interval": "interval", "Timeout": "timeout", "StartPeriod": "start-period"}
    assert tuple(found.get("Command", ())[1:]) == (image.health or ())
    for key, option in (times | {"Retries": "retries"}).items():
        assert found.get(key) == image.times.get(option)


def test_a_log_goes_to_its_own_group_and_never_holds_up_the_app(cloud: Cloud) -> None:
    for name, task in tasks(cloud).items():
        options = container(task)["LogConfiguration"]["Options"]
        group = cloud.at(options["awslogs-group"]).properties
        assert group["LogGroupName"] == f"/fortress/{cloud.environment}/{name}"
        assert group["RetentionInDays"] == load(cloud.environment).log_days
        assert options["mode"] == "non-blocking"


@pytest.mark.parametrize("app", APPS)
def test_a_signal_ends_an_app_that_is_still_starting(cloud: Cloud, app: str) -> None:
    # The first process of a container ignores what it has no handler for yet.
    assert container(tasks(cloud)[app])["LinuxParameters"]["InitProcessEnabled"] is True


def test_as_many_devices_may_wait_as_ingest_asks_for(cloud: Cloud) -> None:
    from apps.ingest.server import BACKLOG  # noqa: PLC0415 - only this test needs ingest

    (control,) = container(tasks(cloud)["ingest"])["SystemControls"]
    assert control == {"Namespace": "net.core.somaxconn", "Value": str(BACKLOG)}


# -- what containers are told


def kind(app: str) -> type[Settings]:
    """The settings class of an app."""
    if app == "migrations":
        return MigrationsSettings
    found: type[Settings] = getattr(
        importlib.import_module(f"apps.{app}.settings"), f"{app.title()}Settings"
    )
    return found


def told(cloud: Cloud, app: str) -> dict[str, str]:
    secrets = {item["Name"]: SECRET for item in container(tasks(cloud)[app])["Secrets"]}
    return variables(tasks(cloud)[app]) | secrets


@pytest.mark.parametrize("app", [*APPS, "migrations"])
def test_an_app_accepts_what_it_is_told(
    cloud: Cloud, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in told(cloud, app).items():
        monkeypatch.setenv(name, value.replace("services.", "").replace("data.", ""))
    settings = load_settings(kind(app))
    assert settings.environment == cloud.environment
    assert settings.database_url.startswith("mysql+aiomysql://")


@pytest.mark.parametrize("app", [*APPS, "migrations"])
def test_an_app_knows_every_setting_that_it_is_told(cloud: Cloud, app: str) -> None:
    known = {f"FORTRESS_{name.upper()}" for name in kind(app).model_fields}
    assert told(cloud, app).keys() <= known


@pytest.mark.parametrize("app", APPS)
def test_an_app_signs_in_through_the_proxy_as_itself_without_a_password(
    cloud: Cloud, app: str
) -> None:
    found = variables(tasks(cloud)[app])
    (proxy,) = cloud.of("AWS::RDS::DBProxy")
    url = f"mysql+aiomysql://fortress_{app}@{proxy.name}.Endpoint:3306/fortress"
    assert found["FORTRESS_DATABASE_URL"] == url
    assert found["FORTRESS_DATABASE_IAM"] == "true"
    assert found["FORTRESS_BUS_URL"].startswith("rediss://")


def test_migrations_go_round_the_proxy_over_verified_tls(cloud: Cloud) -> None:
    found = variables(tasks(cloud)["migrations"])
    (cluster,) = cloud.of("AWS::RDS::DBCluster")
    user = cluster.properties["MasterUsername"]
    url = f"mysql+aiomysql://{user}@{cluster.name}.Endpoint.Address:3306/fortress"
    assert found["FORTRESS_DATABASE_URL"] == url
    assert found["FORTRESS_DATABASE_CA"] == "/app/ca/rds.pem"
    assert found["FORTRESS_DATABASE_USERS"] == "iam"


def test_the_bastion_reaches_the_proxy_and_is_told_nothing_else(cloud: Cloud) -> None:
    (proxy,) = cloud.of("AWS::RDS::DBProxy")
    found = variables(tasks(cloud)["bastion"])
    assert found["FORTRESS_BASTION_DATABASE"] == f"{proxy.name}.Endpoint:3306"
    assert set(found) == {"FORTRESS_BASTION_DATABASE", "FORTRESS_ENVIRONMENT"}


def test_what_is_secret_is_never_a_variable(cloud: Cloud) -> None:
    for task in tasks(cloud).values():
        names = set(variables(task))
        assert not {name for name in names if name.endswith(("SECRET", "PASSWORD", "KEY"))}


# -- how they are placed


@pytest.mark.parametrize("app", APPS)
def test_the_minimum_is_on_demand_and_of_what_comes_beyond_three_in_four_are_spot(
    cloud: Cloud, app: str
) -> None:
    minimum = load(cloud.environment).services[app].minimum
    assert services(cloud)[app].properties["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": minimum, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
    ]


def test_the_bastion_is_one_task_that_spot_cannot_take(cloud: Cloud) -> None:
    found = services(cloud)["bastion"].properties
    (strategy,) = found["CapacityProviderStrategy"]
    assert strategy["CapacityProvider"] == "FARGATE"
    assert found["DesiredCount"] == 1


@pytest.mark.parametrize("app", APPS)
def test_a_deployment_leaves_the_number_of_tasks_to_scaling(cloud: Cloud, app: str) -> None:
    assert "DesiredCount" not in services(cloud)[app].properties


def test_the_cluster_knows_both_kinds_of_capacity_from_its_creation(cloud: Cloud) -> None:
    (cluster,) = cloud.of("AWS::ECS::Cluster")
    assert cluster.properties["CapacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


@pytest.mark.parametrize("app", ALL)
def test_tasks_have_no_address_of_their_own_outside_and_nobody_can_step_into_them(
    cloud: Cloud, app: str
) -> None:
    found = services(cloud)[app].properties
    network = found["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert len(network["Subnets"]) == len(load(cloud.environment).task_zones)
    assert not found["EnableExecuteCommand"]


@pytest.mark.parametrize("app", ALL)
def test_what_a_service_is_tagged_with_its_tasks_are_too(cloud: Cloud, app: str) -> None:
    found = services(cloud)[app].properties
    assert found["PropagateTags"] == "SERVICE"
    assert found["EnableECSManagedTags"] is True
    assert {"Key": "fortress:app", "Value": app} in found["Tags"]


def test_a_service_starts_after_its_tasks_have_their_rights(cloud: Cloud) -> None:
    for service in services(cloud).values():
        raw = cloud.templates["services"]["Resources"]
        policies = {
            name
            for name, it in raw.items()
            if it["Type"] == "AWS::IAM::Policy" and name.startswith(service.id.split("Service")[0])
        }
        assert policies
        assert policies <= set(raw[service.id]["DependsOn"])
