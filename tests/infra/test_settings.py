"""Every container starts with exactly what its task definition tells it, and is told nothing that
it does not know.
"""

import importlib
import os

import pytest

from infra.ca.bundle import BUNDLE
from migrations.settings import MigrationsSettings
from migrations.users import USERS
from scripts.document_settings import _settings_of
from shared.bus import connect_bus
from shared.db import Database
from shared.errors import ConfigurationError
from shared.settings import Environment, Settings, load
from shared.web.services import Services
from tests.infra.cloud import Cloud, Template, container, tasks, variables

BASTION = "bastion"
# The command takes its settings as `make run` does.
NAMED = {"cli": "local"}
WEB = ("api", "reporting", "administration", "billing", "loyalty", "dashboarding")
APPS = (*WEB, "ingest")
ONCE = ("migrations", "cli")
# As /app/ca/rds.pem is in the images.
CA = {"/app/ca/rds.pem": str(BUNDLE)}


@pytest.fixture
def cloud(templates: dict[str, Template], environment_name: str) -> Cloud:
    return Cloud(templates, environment_name)


def told(cloud: Cloud, app: str) -> dict[str, str]:
    """All variables of a container; a secret is one of 64 characters."""
    task = tasks(cloud)[app]
    secrets = [item["Name"] for item in container(task).get("Secrets", [])]
    plain = {name: CA.get(value, value) for name, value in variables(task).items()}
    return plain | dict.fromkeys(secrets, "s3cr#t/%" * 8)


def kind(app: str) -> type[Settings]:
    if app == "migrations":
        return MigrationsSettings
    return _settings_of(NAMED.get(app, app))


def start(app: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings as the process would load them."""
    for name in [name for name in os.environ if name.startswith("FORTRESS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load(kind(app))


def test_there_is_a_task_for_each(cloud: Cloud) -> None:
    assert set(tasks(cloud)) == {*APPS, *ONCE, BASTION}


@pytest.mark.parametrize("app", [*APPS, *ONCE])
def test_it_starts_with_what_it_is_told(
    cloud: Cloud, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = start(app, told(cloud, app), monkeypatch)
    assert settings.environment is Environment(cloud.environment)
    assert settings.domain.endswith("example.com")


@pytest.mark.parametrize("app", [*APPS, *ONCE])
def test_it_is_told_nothing_that_it_does_not_know(cloud: Cloud, app: str) -> None:
    known = {f"FORTRESS_{name.upper()}" for name in kind(app).model_fields}
    ours = {name for name in told(cloud, app) if name.startswith("FORTRESS_")}
    assert ours - known == set()


@pytest.mark.parametrize("app", [*APPS, *ONCE])
async def test_its_database_and_bus_are_reached_over_tls(
    cloud: Cloud, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = start(app, told(cloud, app), monkeypatch)
    # Made as the process makes them; nothing is connected to yet.
    database, bus = Database.from_settings(settings), connect_bus(settings)
    assert settings.database_iam or settings.database_ca
    assert app in ONCE or settings.bus_url.startswith("rediss://")
    await bus.close()
    await database.close()


@pytest.mark.parametrize("app", [*APPS, "cli"])
def test_it_signs_in_as_the_user_that_the_migrations_make(
    cloud: Cloud, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = start(app, told(cloud, app), monkeypatch)
    assert settings.database_address.username == USERS[app]
    assert settings.database_iam
    assert settings.database_password is None


def test_the_command_may_sign_in_as_its_user_and_nobody_else(cloud: Cloud) -> None:
    (cluster,) = cloud.of("AWS::RDS::DBCluster")
    role = tasks(cloud)["cli"].properties["TaskRoleArn"].removesuffix(".Arn")
    statements = [
        statement
        for policy in cloud.of("AWS::IAM::Policy")
        if role in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Action"] == "rds-db:connect"
    ]
    (resource,) = [statement["Resource"] for statement in statements]
    assert resource.endswith(f":dbuser:{cluster.name}.DBClusterResourceId/{USERS['cli']}")


@pytest.mark.parametrize("app", [*APPS, *ONCE])
def test_without_its_secrets_it_says_which_is_missing(
    cloud: Cloud, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="FORTRESS_SECRET"):
        start(app, variables(tasks(cloud)[app]), monkeypatch)


@pytest.mark.parametrize("app", WEB)
async def test_a_web_app_is_made_with_it(
    cloud: Cloud, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = start(app, told(cloud, app), monkeypatch)
    made = importlib.import_module(f"apps.{app}.main").create_app()
    services: Services = made.state.services
    assert services.settings == settings
    await services.close()
