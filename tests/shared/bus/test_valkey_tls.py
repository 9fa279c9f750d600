"""The bus as it is on AWS: TLS that is verified, and a password that only then goes out."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from shared.bus import Bus, Message, connect_bus
from shared.settings import Environment, Settings
from tests.standins.listening import server_context
from tests.support import servers

HOST = "localhost"
PASSWORD = "p@ss:w/or%64#?\"'\\ é"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that speaks TLS alone and wants `PASSWORD`."""
    folder = tmp_path_factory.mktemp("valkey")
    certificate = authority.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    settings = folder / "valkey.conf"
    quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    settings.write_text(f'requirepass "{quoted}"\n', "utf-8")
    port = servers.free_port()
    options = ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
    for name, file in (("cert", "cert"), ("key", "key"), ("ca-cert", "cert")):
        options += [f"--tls-{name}-file", str(folder / f"{file}.pem")]
    with servers.valkey(port, "--include", str(settings), *options):
        yield port


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The authority, in what is the system's trust store here."""
    authority.cert_pem.write_to_path(str(tmp_path / "store.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "store.pem"))
    return authority


@asynccontextmanager
async def bus_on(port: int, password: str = PASSWORD, options: str = "") -> AsyncIterator[Bus]:
    settings = Settings(
        environment=Environment.production,
        secret="x" * 40,
        bus_url=f"rediss://{HOST}:{port}/0{options}",
        bus_password=password,
    )
    bus = connect_bus(settings)
    try:
        yield bus
    finally:
        await bus.close()


@pytest.mark.usefixtures("trusted")
async def test_messages_come_over_tls_with_a_password(server: int) -> None:
    async with bus_on(server) as bus:
        subscription = await bus.subscribe("live:a")
        assert await bus.publish("live:a", b"x")
        assert await subscription.get(20) == Message("live:a", b"x")


async def test_a_store_of_one_s_own_is_taken(
    server: int, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with bus_on(server, options=f"?ssl_ca_certs={tmp_path}/ca.pem") as bus:
        assert await bus.ping()


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_is_refused(server: int) -> None:
    async with bus_on(server, "another") as bus:
        assert not await bus.ping()
        assert not await bus.publish("live:a", b"x")


async def test_a_certificate_of_nobody_known_is_refused(server: int) -> None:
    async with bus_on(server) as bus:
        assert not await bus.ping()
        assert not await bus.publish("live:a", b"x")


class Curious:
    """A server that keeps what it could read: over `tls`, or in plain text."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.got = b""
        self.visits = 0
        self._tls = tls

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.write(b"+OK\r\n")
        self.got += await reader.read(65_536)
        writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        def count(_loop: object, _context: object) -> None:
            """Handshakes that fail are what is wanted."""

        asyncio.get_running_loop().set_exception_handler(count)
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0, ssl=self._tls)
        async with server:
            yield server.sockets[0].getsockname()[1]
        asyncio.get_running_loop().set_exception_handler(None)


@pytest.mark.usefixtures("trusted")
async def test_a_server_without_tls_never_sees_the_password() -> None:
    curious = Curious(None)
    async with curious.listening() as port, bus_on(port) as bus:
        assert not await bus.ping()
        assert not await bus.publish("live:a", b"hello")
    assert curious.visits
    assert b"AUTH" not in curious.got
    assert PASSWORD.encode() not in curious.got


async def test_a_server_with_another_name_is_told_nothing(trusted: trustme.CA) -> None:
    curious = Curious(server_context(trusted, "other.example.com"))
    async with curious.listening() as port, bus_on(port) as bus:
        assert not await bus.ping()
    assert curious.got == b""


@pytest.mark.usefixtures("trusted")
async def test_a_server_with_a_certificate_of_its_own_is_told_nothing() -> None:
    curious = Curious(server_context(trustme.CA(), HOST))
    async with curious.listening() as port, bus_on(port) as bus:
        assert not await bus.ping()
    assert curious.got == b""
