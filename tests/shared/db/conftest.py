"""A database behind the stand-in for RDS Proxy, and what an app needs to reach it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from sqlalchemy.engine import make_url

from shared.db import Database
from shared.settings import Settings
from tests.standins.rds_proxy import RdsProxy, rds_proxy
from tests.standins.tokens import AccessKey
from tests.support import databases
from tests.support.through_proxy import KEY


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
async def server_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of an empty database on the real server."""
    async with databases.empty_database("mariadb", tmp_path_factory.mktemp("db")) as url:
        yield url


@pytest.fixture
async def proxy(server_url: str, authority: trustme.CA) -> AsyncIterator[RdsProxy]:
    async with rds_proxy(server_url, authority, key=KEY) as proxy:
        yield proxy


@pytest.fixture
def aws_key(monkeypatch: pytest.MonkeyPatch) -> AccessKey:
    """The key that the stand-in knows, where botocore looks first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", KEY.session_token or "")
    return KEY


@pytest.fixture
def iam_settings(proxy: RdsProxy, server_url: str, ca_file: Path, aws_key: AccessKey) -> Settings:
    """Settings of an app that reaches the database through the proxy."""
    assert aws_key == proxy.key
    return Settings(
        database_url=proxy.url(make_url(server_url).database),
        database_iam=True,
        database_ca=ca_file,
        database_pool=2,
    )


@pytest.fixture
async def iam_database(iam_settings: Settings) -> AsyncIterator[Database]:
    database = Database.from_settings(iam_settings)
    yield database
    await database.close()
