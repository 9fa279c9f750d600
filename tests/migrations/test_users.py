"""The apps' database users on a real server: each has its grants and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pymysql.constants import ER
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from migrations import users
from migrations.grants import ON_MARIADB
from migrations.grants import USERS as LISTED
from migrations.users import Accounts, Changes, apply
from shared.db import Database
from shared.errors import Conflict, Forbidden
from shared.ids import new_id
from shared.models import Base
from shared.settings import Settings
from tests.support import databases
from tests.support.as_users import drop, seen_as

PASSWORDS = {app: f"password-of-{app}'\\%" for app in LISTED}
DENIED = {
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
}
TABLES = sorted(Base.metadata.tables)


class Made:
    """A database with its users, and root's way to both."""

    def __init__(self, root: Database, url: str, accounts: Accounts) -> None:
        self.root = root
        self.url = url
        self.accounts = accounts
        self._opened: dict[str, Database] = {}

    def settings(self, app: str, password: str | None = None) -> Settings:
        address = make_url(self.url).set(username=f"{self.accounts.prefix}{app}")
        return Settings(
            database_url=address.render_as_string(),
            database_password=password or PASSWORDS[app],
        )

    def database(self, app: str) -> Database:
        if app not in self._opened:
            self._opened[app] = Database.from_settings(self.settings(app), pool=1)
        return self._opened[app]

    async def apply(self, accounts: Accounts | None = None) -> Changes:
        return await apply(self.root, accounts or self.accounts)

    async def run(self, statement: str) -> None:
        """As root; {} is billing's user."""
        async with self.root.transaction() as connection:
            named = statement.replace("{}", self.accounts.name("billing"))
            await connection.execute(text(named))

    async def held(self, app: str) -> users.Held:
        async with self.root.engine.connect() as connection:
            return await connection.run_sync(users._held, self.accounts.name(app))

    async def close(self) -> None:
        for database in self._opened.values():
            await database.close()
        await drop(self.root, self.accounts)
        await self.root.close()


@pytest.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    async with databases.migrated_database("mariadb", tmp_path_factory.mktemp("db")) as url:
        root = Database.from_settings(Settings(database_url=url))
        prefix = new_id("u")[-10:].lower() + "_"
        accounts = Accounts(passwords=PASSWORDS, tls=False, prefix=prefix, host=await seen_as(root))
        made = Made(root, url, accounts)
        await made.apply()
        yield made
        await made.close()


async def refused(database: Database, statement: str) -> int:
    """The server's number of what must fail."""
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction() as connection:
            await connection.execute(text(statement))
    assert failed.value.orig is not None
    return int(failed.value.orig.args[0])


async def test_a_second_time_changes_nothing(made: Made) -> None:
    await made.apply()
    assert await made.apply() == Changes()
    assert str(Changes()) == "users: as they should be"


@pytest.mark.parametrize("app", LISTED)
async def test_a_user_has_what_is_listed_and_nothing_else(made: Made, app: str) -> None:
    await made.apply()
    listed = {table: set(some) for table, some in ON_MARIADB[app].items() if some}
    assert await made.held(app) == listed


@pytest.mark.parametrize(
    ("app", "statement"),
    [
        ("billing", "INSERT INTO reading VALUES (1, 1, 1, 1, 1, '{}')"),
        ("billing", "UPDATE reading SET body = '{}'"),
        ("billing", "SELECT body FROM reading"),
        ("billing", "UPDATE lot SET remaining = 0"),
        ("loyalty", "SELECT quantity FROM usage_event"),
        ("loyalty", "INSERT INTO device_event (device_id) VALUES (1)"),
        ("reporting", "DELETE FROM reading"),
        ("ingest", "SELECT secret_hash FROM api_key"),
        ("ingest", "SELECT id FROM audit_entry"),
        ("ingest", "SELECT payload FROM job"),
        ("ingest", "DELETE FROM reading"),
        ("ingest", "DROP TABLE reading"),
        ("ingest", "ALTER TABLE device ADD COLUMN x INT"),
        ("ingest", "UPDATE device SET disabled = 0"),
        ("api", "UPDATE api_key SET revoked_at = NULL"),
        ("api", "UPDATE api_key SET scopes = '[]'"),
        ("api", "INSERT INTO api_key (name) VALUES ('x')"),
        ("api", "SELECT token_hash FROM device_credential"),
        ("api", "UPDATE organisation SET name = 'x'"),
        ("administration", "UPDATE audit_entry SET actor = 'x'"),
        ("administration", "UPDATE audit_seal SET hash = ''"),
        ("administration", "UPDATE audit_personal SET subject = 'x'"),
        ("api", "DELETE FROM audit_entry"),
        ("api", "SELECT value FROM audit_personal"),
        ("billing", "INSERT INTO audit_seal VALUES (1, 1, 1, '')"),
        ("cli", "DELETE FROM audit_entry"),
        ("administration", "SELECT body FROM reading"),
        ("cli", "SELECT secret_hash FROM api_key"),
        ("cli", "SELECT payload FROM job"),
        ("cli", "DELETE FROM organisation"),
        ("cli", "SELECT user FROM mysql.user"),
        ("cli", "CREATE TABLE mine (id INT)"),
        ("api", "CREATE USER thief@localhost"),
        ("api", "SELECT password_hash FROM person"),
        ("api", "INSERT INTO sign_in (person_id) VALUES (1)"),
        ("api", "UPDATE sign_in SET expires_at = '2099-01-01'"),
        ("api", "UPDATE sign_in SET fresh_at = '2099-01-01'"),
        ("api", "INSERT INTO sign_in_code (app) VALUES ('api')"),
        ("api", "UPDATE sign_in_code SET expires_at = '2099-01-01'"),
        ("billing", "UPDATE session SET sign_in_id = 1"),
        ("loyalty", "UPDATE membership SET role = 'owner'"),
        ("administration", "DELETE FROM person"),
        ("ingest", "SELECT id FROM session"),
        ("people", "SELECT secret_hash FROM api_key"),
        ("people", "SELECT password_hash FROM person"),
        ("people", "SELECT token_hash FROM invitation"),
        ("people", "SELECT 1 FROM session"),
        ("people", "SELECT * FROM device_credential"),
        ("people", "SELECT 1 FROM idempotency_key"),
        ("people", "UPDATE reading SET body = '{}'"),
        ("people", "DELETE FROM audit_entry"),
        ("people", "DROP TABLE reading"),
    ],
)
async def test_what_is_not_listed_is_refused(made: Made, app: str, statement: str) -> None:
    assert await refused(made.database(app), statement) in DENIED


AUDIT = {"audit_entry", "audit_personal"}


@pytest.mark.parametrize("table", [table for table in TABLES if table != "session"])
async def test_dashboarding_writes_nothing(made: Made, table: str) -> None:
    # It keeps its own people's sessions, notes the use of a key and who signed out, and forgets
    # answers that are a day old as every app does.
    column = next(iter(Base.metadata.tables[table].columns)).name
    statements = [
        *([] if table in AUDIT else [f"INSERT INTO {table} ({column}) VALUES ({column})"]),
        f"UPDATE {table} SET {column} = {column}",
        *([f"DELETE FROM {table}"] if table != "idempotency_key" else []),
    ]
    numbers = [await refused(made.database("dashboarding"), one) for one in statements]
    assert set(numbers) <= DENIED


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("GRANT DELETE ON reading TO {}", "REVOKE DELETE ON"),
        ("GRANT UPDATE (body), SELECT ON reading TO {}", "REVOKE SELECT, UPDATE (`body`) ON"),
        ("GRANT DROP ON * TO {}", "REVOKE DROP ON"),
        ("GRANT PROCESS ON *.* TO {}", "REVOKE PROCESS ON *.* FROM"),
        ("GRANT SELECT ON meter TO {} WITH GRANT OPTION", "REVOKE GRANT OPTION ON"),
    ],
)
async def test_what_is_no_longer_listed_comes_off(made: Made, given: str, taken: str) -> None:
    await made.apply()
    await made.run(given)
    changes = await made.apply()
    assert [one.startswith(taken) for one in changes.revoked] == [True]
    assert changes.granted == changes.made == []
    assert await made.apply() == Changes()


async def test_what_is_missing_is_granted_again(made: Made) -> None:
    await made.run("REVOKE UPDATE ON meter FROM {}")
    changes = await made.apply()
    assert [one.split(" ON ")[0] for one in changes.granted] == ["GRANT UPDATE"]
    assert str(changes) == "users: 1 granted"


async def test_a_new_password_counts(made: Made) -> None:
    new = replace(made.accounts, passwords=PASSWORDS | {"cli": "another password"})
    await made.apply(new)
    database = Database.from_settings(made.settings("cli", "another password"), pool=1)
    assert await database.reachable()
    await database.close()
    await made.apply()


async def test_users_without_tls_are_refused_where_it_is_required(made: Made) -> None:
    await made.apply(replace(made.accounts, tls=True))
    database = Database.from_settings(made.settings("reporting"), pool=1)
    assert not await database.reachable()
    await made.apply()
    assert await database.reachable()
    await database.close()


def test_on_aws_they_sign_in_with_tokens_over_tls() -> None:
    said = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL"
    assert Accounts()._identified() == said
    assert Accounts().name("ingest") == "'fortress_ingest'@'%'"


async def test_a_server_without_iam_is_one_sentence(made: Made) -> None:
    prefix = made.accounts.prefix.replace("_", "i_")
    with pytest.raises(Conflict, match="turn IAM authentication of the cluster on"):
        await made.apply(replace(made.accounts, passwords=None, prefix=prefix))


async def test_a_user_who_may_not_make_users_is_one_sentence(made: Made) -> None:
    with pytest.raises(Forbidden, match="may not make users") as caught:
        await apply(made.database("api"), made.accounts)
    assert "password-of" not in str(caught.value)


async def test_the_user_of_an_app_that_is_gone_goes(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = made.accounts.name("former")
    await made.run(f"CREATE USER {user}")
    monkeypatch.setattr(users, "FORMER", ("former",))
    assert (await made.apply()).revoked == [f"DROP USER {user}"]
    assert await made.apply() == Changes()


async def test_two_at_once_take_turns_or_are_told(made: Made) -> None:
    both = await asyncio.gather(made.apply(), made.apply(), return_exceptions=True)
    assert all(one == Changes() or isinstance(one, Conflict) for one in both)


async def test_sqlite_has_no_users(tmp_path: Path) -> None:
    database = Database.from_settings(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/x.db"))
    assert await apply(database, Accounts()) == Changes()
    await database.close()
