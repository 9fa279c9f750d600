"""The driver's connection, made safe to sign in with, and with a deadline for connecting."""

import asyncio
import socket
import ssl
from typing import Any

import aiomysql
from pymysql import _auth
from pymysql.constants import CLIENT, CR
from pymysql.err import OperationalError

from shared.db.oaep import KeyRefused, sign_in_secret
from shared.db.tls import TlsError, prove

# From the first SYN to the server's last OK. Less than the time a request waits for a connection.
CONNECT_S = 8.0
# How long a server may take to say goodbye.
CLOSE_S = 1.0
CLEAR = "mysql_clear_password"
# A network that is gone says nothing: the socket asks, and an unanswered connection ends in about
# half a minute instead of two hours. Systems differ in what can be set.
LIVELINESS = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 30_000,  # ms; the same for what was sent and is not taken
}


def _secret_for(password: bytes, salt: bytes, key: bytes) -> bytes:
    try:
        return sign_in_secret(password, salt, key)
    except KeyRefused as error:
        raise OperationalError(CR.CR_AUTH_PLUGIN_ERR, str(error)) from None


# The driver's own function does the same with the package cryptography, which no app has.
_auth.sha2_rsa_encrypt = _secret_for


class SafeConnection(aiomysql.Connection):  # type: ignore[misc]  # the driver ships no types
    """Given an SSL context, sends nothing that signs in except over TLS that it has verified.

    The driver alone goes on in plain text with a server that offers no TLS, and hands its password
    to any server that asks for it in clear text. Statements separated by semicolons are off: an
    injected one must not get a second statement, and RDS Proxy does not say what it does with them.
    """

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.client_flag &= ~CLIENT.MULTI_STATEMENTS
        self._proven: asyncio.StreamWriter | None = None

    def _write_bytes(self, data: bytes) -> None:
        # Everything that the driver says while it signs in comes through here.
        if self._ssl_context is not None and self._writer is not self._proven:
            if _asks_for_tls(data):
                return super()._write_bytes(data)  # type: ignore[no-any-return]  # returns nothing
            prove(self._writer, self._host)
            self._proven = self._writer
        return super()._write_bytes(data)  # type: ignore[no-any-return]  # returns nothing

    async def _request_authentication(self) -> None:
        if self._ssl_context is None and CLEAR in (
            self._client_auth_plugin,
            self._server_auth_plugin,
        ):
            self._refuse_clear()
        await super()._request_authentication()

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        if self._ssl_context is None and plugin_name == CLEAR.encode():
            self._refuse_clear()
        return await super()._process_auth(plugin_name, auth_packet)

    def stay_lively(self) -> None:
        """Let the operating system notice a peer that is gone without a word."""
        raw = self._writer.get_extra_info("socket")
        if raw is None or raw.family not in (socket.AF_INET, socket.AF_INET6):
            return
        for name, value in LIVELINESS.items():
            option = getattr(socket, name, None)
            if option is not None:
                raw.setsockopt(socket.IPPROTO_TCP, option, value)

    async def ensure_closed(self) -> None:
        """Say goodbye, and wait until the socket is closed.

        The driver alone leaves TLS to end by itself, and the socket open when the loop ends first.
        """
        writer = self._writer
        await super().ensure_closed()
        if writer is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await writer.wait_closed()
        except OSError:  # TimeoutError and SSLError are such
            writer.transport.abort()

    def _refuse_clear(self) -> None:
        raise TlsError(
            self._host,
            "it wants the password in clear text; set FORTRESS_DATABASE_CA or FORTRESS_DATABASE_IAM"
            " so that TLS is used",
        )


def _asks_for_tls(data: bytes) -> bool:
    """Whether this is the packet before TLS: 32 bytes of flags and sizes that name nobody."""
    return len(data) == 36 and data[:4] == b"\x20\0\0\1" and not any(data[13:])


async def connect(**params: Any) -> SafeConnection:
    """A connection that is signed in. `connect_timeout` (seconds) covers all of connecting.

    Raises the driver's `OperationalError`: `TlsError` where TLS is missing or not verified.
    """
    seconds = params.pop("connect_timeout", None) or CONNECT_S
    connection = SafeConnection(**params)
    try:
        async with asyncio.timeout(seconds):
            await connection._connect()  # noqa: SLF001 - aiomysql.connect() would make its own class
            connection.stay_lively()
    except TimeoutError:
        connection.close()
        raise OperationalError(
            CR.CR_CONN_HOST_ERROR,
            f"the database at {connection.host} did not finish connecting within {seconds:g} s",
        ) from None
    except BaseException as error:
        connection.close()
        if isinstance(error.__cause__, ssl.SSLError):
            raise TlsError(connection.host, _reason(error.__cause__)) from error
        raise
    return connection


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate was not verified: {error.verify_message}"
    return f"TLS failed: {error.reason}"
