"""The migrations as they run on AWS: to the database itself, over TLS that is verified."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from sqlalchemy import text

from migrations.grants import APPS
from migrations.revision import newest
from shared.db import Database
from shared.settings import Settings
from tests.support import servers

HOST = "localhost"
MASTER = "m@ster:p/a%ss'word\""
PASSWORDS = {app: f"password-of-{app}" for app in APPS}


@dataclass(frozen=True)
class Server:
    """A MariaDB with a certificate of `ca`; the user `master` may do everything, over TLS only."""

    port: int
    ca: Path

    def migrate(self, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "FORTRESS_ENVIRONMENT": "production",
            "FORTRESS_SECRET": "x" * 40,
            "FORTRESS_DATABASE_URL": f"mysql+aiomysql://master@{HOST}:{self.port}/fortress",
            "FORTRESS_DATABASE_PASSWORD": MASTER,
            "FORTRESS_DATABASE_CA": str(self.ca),
            "FORTRESS_DATABASE_USERS": "password",
            "FORTRESS_DATABASE_USER_PASSWORDS": json.dumps(PASSWORDS),
        }
        return subprocess.run(
            [sys.executable, "-m", "migrations"],
            cwd=servers.ROOT,
            env=os.environ | environment | more,
            capture_output=True,
            text=True,
            check=False,
        )


async def _as_root(url: str) -> None:
    database = Database.from_settings(Settings(database_url=f"{url}/mysql"), pool=1)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE DATABASE fortress CHARACTER SET utf8mb4"))
        await connection.execute(
            text("CREATE USER master@'%' IDENTIFIED BY :password REQUIRE SSL"), {"password": MASTER}
        )
        await connection.execute(text("GRANT ALL ON *.* TO master@'%' WITH GRANT OPTION"))
    await database.close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    tls = [f"--ssl-cert={folder}/cert.pem", f"--ssl-key={folder}/key.pem"]
    # Names would find MariaDB's user without a name, who goes before one of any host.
    with servers.mariadb(*tls, "--skip-name-resolve") as url:
        yield url, folder / "ca.pem"


@pytest.fixture(scope="module")
async def server(started: tuple[str, Path]) -> Server:
    url, ca = started
    await _as_root(url)
    return Server(int(url.rpartition(":")[2]), ca)


async def test_they_make_tables_and_users_and_a_second_time_nothing(server: Server) -> None:
    first, second = server.migrate(), server.migrate()
    assert first.stderr == second.stderr == ""
    said = first.stdout.splitlines()
    assert said[0] == f"migrated from nothing to {newest()}"
    assert said[1].startswith(f"users: {len(APPS)} made, ")
    assert second.stdout.splitlines()[1] == "users: as they should be"
    app = Settings(
        database_url=f"mysql+aiomysql://fortress_api@{HOST}:{server.port}/fortress",
        database_password=PASSWORDS["api"],
        database_ca=server.ca,
    )
    database = Database.from_settings(app, pool=1)
    async with database.read() as session:
        assert await session.scalar(text("SELECT COUNT(*) FROM reading")) == 0
    await database.close()


def test_a_server_that_another_authority_vouches_for_is_refused(
    server: Server, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    done = server.migrate(FORTRESS_DATABASE_CA=str(tmp_path / "other.pem"))
    assert done.returncode == 1
    assert "its certificate was not verified" in done.stderr
    assert done.stderr.count("\n") == 1
    assert MASTER not in done.stderr


def test_the_roots_of_rds_do_not_vouch_for_others(server: Server) -> None:
    done = server.migrate(FORTRESS_DATABASE_CA=str(servers.ROOT / "infra" / "ca" / "rds.pem"))
    assert "its certificate was not verified" in done.stderr


def test_a_server_by_another_name_is_refused(server: Server) -> None:
    url = f"mysql+aiomysql://master@127.0.0.1:{server.port}/fortress"
    done = server.migrate(FORTRESS_DATABASE_URL=url)
    assert "not verified" in done.stderr


def test_a_wrong_password_is_one_sentence_without_it(server: Server) -> None:
    done = server.migrate(FORTRESS_DATABASE_PASSWORD="hunter2hunter2")
    assert done.returncode == 1
    assert "Access denied" in done.stderr
    assert "hunter2" not in done.stderr
