import asyncio
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import text
from sqlalchemy.exc import OperationalError as EngineError

from shared.db import Database, driver
from shared.db.tls import TlsError, make_context, prove
from shared.errors import ConfigurationError
from shared.settings import Settings
from tests.standins.listening import HOST, listening, server_context
from tests.standins.rds_proxy import RdsProxy
from tests.standins.rogues import (
    BEFORE_TLS,
    BrokenPromise,
    Impostor,
    PlainServer,
    Rogue,
    Silent,
    Stalling,
)

USER = "somebody"


def iam_settings_for(rogue: Rogue, ca: Path | None, **more: Any) -> Settings:
    url = f"mysql+aiomysql://{USER}@{HOST}:{rogue.port}/any"
    return Settings(database_url=url, database_iam=True, database_ca=ca, **more)


async def fail(settings: Settings) -> str:
    """Connect, which must fail; returns the error's text."""
    database = Database.from_settings(settings)
    with pytest.raises(EngineError) as failed:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    await database.close()
    return str(failed.value.orig)


def assert_told_nothing(rogue: Rogue) -> None:
    """Nothing beyond the wish for TLS, and TLS itself, reached `rogue`."""
    assert rogue.visits > 0
    assert not any(rogue.got[13:BEFORE_TLS])
    assert USER.encode() not in rogue.got
    assert b"Signature" not in rogue.got


pytestmark = pytest.mark.usefixtures("aws_key")


@pytest.mark.parametrize(
    "plugin", ["mysql_clear_password", "mysql_native_password", "sha256_password", ""]
)
async def test_a_server_without_tls_is_told_nothing(ca_file: Path, plugin: str) -> None:
    async with listening(PlainServer(plugin=plugin)) as rogue:
        assert "it offers no TLS" in await fail(iam_settings_for(rogue, ca_file))
    assert rogue.got == b""
    assert_told_nothing(rogue)


async def test_a_server_that_breaks_off_tls_is_told_nothing(ca_file: Path) -> None:
    async with listening(BrokenPromise()) as rogue:
        assert "TLS failed" in await fail(iam_settings_for(rogue, ca_file))
    assert_told_nothing(rogue)


async def test_a_server_with_another_s_name_is_told_nothing(
    ca_file: Path, authority: trustme.CA
) -> None:
    tls = server_context(authority, "other.example.com")
    async with listening(Impostor(tls=tls)) as rogue:
        assert "Hostname mismatch" in await fail(iam_settings_for(rogue, ca_file))
    assert len(rogue.got) == BEFORE_TLS
    assert_told_nothing(rogue)


async def test_a_server_with_a_certificate_of_its_own_is_told_nothing(ca_file: Path) -> None:
    tls = server_context(trustme.CA(), HOST)
    async with listening(Impostor(tls=tls)) as rogue:
        assert "certificate was not verified" in await fail(iam_settings_for(rogue, ca_file))
    assert len(rogue.got) == BEFORE_TLS
    assert_told_nothing(rogue)


async def test_the_system_s_trust_store_is_the_default(authority: trustme.CA) -> None:
    async with listening(Impostor(tls=server_context(authority, HOST))) as rogue:
        assert "certificate was not verified" in await fail(iam_settings_for(rogue, None))
    assert_told_nothing(rogue)


async def test_a_context_that_does_not_verify_is_of_no_use(authority: trustme.CA) -> None:
    lax = make_context(None)
    lax.check_hostname = False
    async with listening(Impostor(tls=server_context(authority, HOST))) as rogue:
        authority.configure_trust(lax)
        with pytest.raises(TlsError, match="was not verified"):
            await driver.connect(host=HOST, port=rogue.port, user=USER, password="secret", ssl=lax)
    assert_told_nothing(rogue)


async def test_a_ca_alone_requires_tls_too(ca_file: Path) -> None:
    async with listening(PlainServer()) as rogue:
        settings = iam_settings_for(rogue, ca_file).model_copy(update={"database_iam": False})
        assert "it offers no TLS" in await fail(settings)
    assert rogue.got == b""


@pytest.mark.parametrize("plugin", ["mysql_clear_password", "mysql_native_password"])
async def test_without_tls_no_password_is_given_in_clear_text(plugin: str) -> None:
    async with listening(PlainServer(plugin=plugin)) as rogue:
        url = f"mysql+aiomysql://{USER}:hunter22@{HOST}:{rogue.port}/any"
        assert "in clear text" in await fail(Settings(database_url=url))
    assert b"hunter22" not in rogue.got


async def test_the_proxy_lets_nobody_in_without_tls(proxy: RdsProxy) -> None:
    database = Database.from_settings(Settings(database_url=proxy.url(None) + "any"))
    with pytest.raises(EngineError):
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    await database.close()
    assert (proxy.seen.sign_ins, proxy.seen.statements) == ([], 0)


@pytest.mark.parametrize("rogue", [Silent(), Stalling()], ids=["silent", "stalling"])
async def test_connecting_has_a_deadline_that_covers_the_handshake(
    rogue: Rogue, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "CONNECT_S", 0.2)
    async with listening(rogue):
        async with asyncio.timeout(10):
            assert "did not finish connecting within 0.2 s" in await fail(
                iam_settings_for(rogue, ca_file)
            )
    assert_told_nothing(rogue)


async def test_the_deadline_holds_without_tls_and_can_be_set_in_the_url() -> None:
    async with listening(Silent()) as rogue, asyncio.timeout(10):
        url = f"mysql+aiomysql://{USER}@{HOST}:{rogue.port}/any?connect_timeout=1"
        assert "within 1 s" in await fail(Settings(database_url=url))


async def test_an_unencrypted_stream_proves_nothing() -> None:
    async with listening(Silent()) as rogue:
        _, writer = await asyncio.open_connection("127.0.0.1", rogue.port)
        with pytest.raises(TlsError, match="it offers no TLS"):
            prove(writer, HOST)
        writer.close()


def test_a_ca_file_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"FORTRESS_DATABASE_CA: .*nowhere\.pem: No such"):
        make_context(tmp_path / "nowhere.pem")
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"FORTRESS_DATABASE_CA: .*not a bundle"):
        make_context(tmp_path / "empty.pem")


def test_iam_needs_a_user_and_a_host() -> None:
    with pytest.raises(ValueError, match="needs a user and a host"):
        Settings(database_url="mysql+aiomysql:///fortress", database_iam=True)
