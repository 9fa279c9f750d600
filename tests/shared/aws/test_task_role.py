"""Credentials of the task's role, from the endpoint that ECS puts beside each task."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from botocore.utils import ContainerMetadataFetcher

from shared.aws.credentials import CredentialsUnavailable, TaskCredentials
from shared.db import Database
from shared.settings import Environment, Settings
from shared.storage import connect_storage
from tests.standins.rds_proxy import rds_proxy
from tests.standins.tokens import AccessKey
from tests.support import databases
from tests.support.moto import moto_server
from tests.support.task_role import PATH, STATIC, TaskRole, task_role

KEY = AccessKey("ASIAOFTHETASKROLE", "not-a-secret/of+anyone", "session/token+of==")


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TaskRole]:
    """A task as ECS starts it: no key, only where to ask for one."""
    for name in STATIC:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with task_role(KEY) as role:
        # ECS has it at 169.254.170.2, port 80; all else is as there.
        address = f"127.0.0.1:{role.port}"
        monkeypatch.setattr(ContainerMetadataFetcher, "IP_ADDRESS", address)
        monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", PATH)
        yield role


async def test_they_are_those_of_the_task_with_their_end(role: TaskRole) -> None:
    held = await TaskCredentials().get()
    assert (held.access_key, held.secret_key, held.token) == (KEY.id, KEY.secret, KEY.session_token)
    assert held.expires_at is not None
    assert timedelta(hours=5) < held.expires_at - datetime.now(UTC) < timedelta(hours=7)
    assert role.asked == [PATH]


async def test_they_are_asked_for_once_for_many_connections(role: TaskRole) -> None:
    credentials = TaskCredentials()
    for _ in range(5):
        await credentials.get()
    assert role.asked == [PATH]


async def test_those_that_end_within_a_quarter_of_an_hour_are_renewed(role: TaskRole) -> None:
    role.life = timedelta(minutes=5)
    credentials = TaskCredentials()
    await credentials.get()
    role.life = timedelta(hours=6)
    renewed = await credentials._renew()
    assert renewed.expires_at is not None
    assert renewed.expires_at - datetime.now(UTC) > timedelta(hours=5)


async def test_an_endpoint_that_fails_is_said(role: TaskRole) -> None:
    role.status = 500
    with pytest.raises(CredentialsUnavailable, match="could not be fetched"):
        await TaskCredentials().get()


async def test_a_token_made_with_them_signs_in_to_the_proxy(role: TaskRole, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with (
        databases.empty_database("mariadb", tmp_path) as url,
        rds_proxy(url, authority, key=KEY, users=frozenset({"fortress_api"})) as proxy,
    ):
        settings = Settings(
            environment=Environment.production,
            secret="x" * 40,
            database_url=proxy.url("mysql", user="fortress_api"),
            database_iam=True,
            database_ca=tmp_path / "ca.pem",
        )
        database = Database.from_settings(settings)
        assert await database.reachable()
        await database.close()
        assert [one.user for one in proxy.seen.sign_ins] == ["fortress_api"]
    assert role.asked == [PATH]


async def test_files_go_to_a_bucket_without_a_key_in_the_settings(
    role: TaskRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto_server() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        storage = connect_storage(Settings(storage_url="s3://fortress-files/exports"))
        client = await storage._client()  # type: ignore[attr-defined]  # S3's
        client.create_bucket(Bucket="fortress-files")
        await storage.put("run/1.csv", b"a,b\n")
        assert await storage.get("run/1.csv") == b"a,b\n"
        found = client.list_objects_v2(Bucket="fortress-files")["Contents"]
        assert [item["Key"] for item in found] == ["exports/run/1.csv"]
        await storage.close()
    assert role.asked == [PATH]
