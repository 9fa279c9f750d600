import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import uvloop
from pymysql.err import OperationalError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError as EngineError

from shared.aws.credentials import Credentials
from shared.clock import ManualClock, SystemClock
from shared.db import Database, driver
from shared.db.iam import connect_token
from shared.db.tls import make_context
from shared.settings import Settings
from tests.standins.listening import HOST
from tests.standins.rds_proxy import RdsProxy
from tests.support.through_proxy import KEY

REGION = "us-east-1"
CREDENTIALS = Credentials(KEY.id, KEY.secret, KEY.session_token)


async def one(database: Database) -> object:
    async with database.read() as session:
        return await session.scalar(text("SELECT 1"))


async def sign_in(proxy: RdsProxy, ca: Path, token: str, user: str = "app") -> None:
    connection = await driver.connect(
        host=HOST, port=proxy.port, user=user, password=token, ssl=make_context(ca)
    )
    connection.close()


@pytest.fixture
def botocore_clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """A clock that the signer goes by."""
    clock = ManualClock(SystemClock().now_ms())
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime", lambda: clock.now().replace(tzinfo=None)
    )
    return clock


async def test_a_valid_token_connects_and_the_connection_is_pooled(
    iam_database: Database, proxy: RdsProxy
) -> None:
    assert [await one(iam_database) for _ in range(3)] == [1, 1, 1]
    assert len(proxy.seen.sign_ins) == 1
    assert proxy.seen.refused == []


async def test_it_works_on_the_event_loop_that_services_use(
    iam_settings: Settings, proxy: RdsProxy
) -> None:
    async def main() -> list[object]:
        database = Database.from_settings(iam_settings)
        try:
            return await asyncio.gather(*(one(database) for _ in range(4)))
        finally:
            await database.close()

    assert await asyncio.to_thread(uvloop.run, main()) == [1, 1, 1, 1]
    assert proxy.seen.refused == []


async def test_nothing_that_an_engine_says_by_itself_pins(
    iam_database: Database, proxy: RdsProxy
) -> None:
    async with iam_database.unit_of_work() as session:
        await session.execute(text("SELECT 1"))
    assert proxy.seen.statements > 2
    assert proxy.seen.pins == []


async def test_each_new_connection_signs_in_with_a_new_token_and_pooled_ones_go_on(
    iam_database: Database, proxy: RdsProxy, botocore_clock: ManualClock
) -> None:
    proxy.clock = botocore_clock
    async with iam_database.read() as first:
        await first.execute(text("SELECT 1"))
        botocore_clock.advance(seconds=901)
        async with iam_database.read() as second:
            assert await second.scalar(text("SELECT 2")) == 2
        assert await first.scalar(text("SELECT 3")) == 3
    assert await one(iam_database) == 1
    tokens = [sign_in.token for sign_in in proxy.seen.sign_ins]
    assert len(tokens) == len(set(tokens)) == 2
    assert proxy.seen.refused == []


async def test_a_token_of_15_minutes_ago_is_refused(
    proxy: RdsProxy, ca_file: Path, botocore_clock: ManualClock
) -> None:
    proxy.clock = botocore_clock
    token = connect_token(CREDENTIALS, region=REGION, host=HOST, port=proxy.port, user="app")
    botocore_clock.advance(seconds=899)
    await sign_in(proxy, ca_file, token)
    botocore_clock.advance(seconds=1)
    with pytest.raises(OperationalError, match="Access denied"):
        await sign_in(proxy, ca_file, token)
    assert proxy.seen.refused == ["it has expired"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"user": "root"}, "made for the user root"),
        ({"host": "proxy.example.com"}, "made for proxy.example.com"),
        ({"port": 3306}, "made for localhost:3306"),
        ({"region": "eu-central-1"}, "another access key or scope"),
        (
            {"credentials": dataclasses.replace(CREDENTIALS, access_key="AKIDOTHER")},
            "another access key or scope",
        ),
        (
            {"credentials": dataclasses.replace(CREDENTIALS, secret_key="guessed")},
            "the signature is forged",
        ),
        (
            {"credentials": dataclasses.replace(CREDENTIALS, token=None)},
            "another session token",
        ),
    ],
)
async def test_a_token_made_for_something_else_is_refused(
    proxy: RdsProxy, ca_file: Path, wrong: dict[str, object], why: str
) -> None:
    asked: dict[str, object] = {
        "credentials": CREDENTIALS,
        "region": REGION,
        "host": HOST,
        "port": proxy.port,
        "user": "app",
    }
    token = connect_token(**(asked | wrong))  # type: ignore[arg-type]  # each case is well typed
    with pytest.raises(OperationalError, match="Access denied"):
        await sign_in(proxy, ca_file, token)
    assert len(proxy.seen.refused) == 1
    assert proxy.seen.refused[0].startswith(why)


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("DBUser=app", "DBUser=app2"),
        ("X-Amz-Expires=900", "X-Amz-Expires=899"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ],
)
async def test_a_token_that_was_changed_is_refused(
    proxy: RdsProxy, ca_file: Path, change: str, to: str
) -> None:
    proxy.users |= {"app2"}
    token = connect_token(CREDENTIALS, region=REGION, host=HOST, port=proxy.port, user="app")
    assert change in token
    with pytest.raises(OperationalError, match="Access denied"):
        await sign_in(
            proxy, ca_file, token.replace(change, to), user="app2" if "app2" in to else "app"
        )
    assert proxy.seen.refused == ["the signature is forged"]


async def test_a_password_is_no_token(proxy: RdsProxy, ca_file: Path) -> None:
    with pytest.raises(OperationalError, match="Access denied"):
        await sign_in(proxy, ca_file, "correct horse battery staple")
    assert len(proxy.seen.refused) == 1


def test_a_token_is_what_the_aws_sdk_makes(botocore_clock: ManualClock) -> None:
    host = "orders.proxy-abc.us-east-1.rds.amazonaws.com"
    session = botocore.session.Session()
    client: Any = session.create_client(
        "rds", REGION, aws_access_key_id=KEY.id, aws_secret_access_key=KEY.secret
    )
    theirs = client.generate_db_auth_token(host, 3306, "app")
    botocore_clock.advance(ms=1)
    ours = connect_token(
        Credentials(KEY.id, KEY.secret), region=REGION, host=host.upper(), port=3306, user="app"
    )
    assert ours == theirs


async def test_a_token_goes_in_the_place_of_the_url_s_password(
    iam_settings: Settings, proxy: RdsProxy
) -> None:
    url = iam_settings.database_url.replace("app@", "app:old-password@")
    database = Database.from_settings(iam_settings.model_copy(update={"database_url": url}))
    assert await one(database) == 1
    await database.close()
    assert proxy.seen.refused == []


async def test_the_url_s_own_parameters_are_kept(iam_settings: Settings, proxy: RdsProxy) -> None:
    url = f"{iam_settings.database_url}?init_command=SET+time_zone%3D'%2B03:00'"
    database = Database.from_settings(iam_settings.model_copy(update={"database_url": url}))
    async with database.read() as session:
        assert await session.scalar(text("SELECT @@session.time_zone")) == "+03:00"
    await database.close()
    assert proxy.seen.pins == []


@pytest.mark.parametrize(("count_changed", "counted"), [(False, 1), (True, 0)])
async def test_rowcount_counts_rows_found_unless_asked_for_rows_changed(
    iam_settings: Settings, count_changed: bool, counted: int
) -> None:
    database = Database.from_settings(iam_settings, count_changed=count_changed)
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS counted (n INT)"))
        await connection.execute(text("DELETE FROM counted"))
        await connection.execute(text("INSERT INTO counted VALUES (1)"))
        result = await connection.execute(text("UPDATE counted SET n = 1"))
        assert result.rowcount == counted
    await database.close()


async def test_without_credentials_connecting_fails_with_what_to_do(
    iam_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    database = Database.from_settings(iam_settings)
    with pytest.raises(EngineError, match="no AWS credentials were found: give the task a role"):
        await one(database)
    await database.close()


async def test_a_statement_of_more_than_16_kb_pins_unless_the_engine_says_so(
    iam_settings: Settings, proxy: RdsProxy
) -> None:
    proxy.may_pin = frozenset({"fortress-bulk"})
    large = text(f"SELECT '{'x' * 17_000}'")
    for bulk in (False, True):
        database = Database.from_settings(iam_settings, pool=1, bulk=bulk)
        async with database.read() as session:
            await session.execute(large)
        await database.close()
    assert [pin.program for pin in proxy.seen.pins] == ["fortress"]
    assert proxy.seen.exempt == 2  # and what it sets when it connects


async def test_two_statements_in_one_are_refused(iam_database: Database) -> None:
    async with iam_database.read() as session:
        with pytest.raises(Exception, match="syntax"):
            await session.execute(text("SELECT 1; SELECT 2"))
