"""TLS to the database: the context, and the proof that a connection really has it."""

import asyncio
import ssl
from pathlib import Path

from pymysql.constants import CR
from pymysql.err import OperationalError

from shared.errors import ConfigurationError


class TlsError(OperationalError):  # type: ignore[misc]  # the driver ships no types
    """The server is not the one that was asked for, or not over TLS: nothing secret was sent.

    A driver's error, so that SQLAlchemy and those who retry treat it as one of connecting.
    """

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            CR.CR_SSL_CONNECTION_ERROR, f"refused to sign in to the database at {host}: {why}"
        )


def make_context(ca: Path | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name, against `ca` or the system's store.

    Raises `ConfigurationError` when `ca` cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise ConfigurationError(
            f"FORTRESS_DATABASE_CA: {ca}: not a bundle of certificates in PEM form"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"FORTRESS_DATABASE_CA: {ca}: {error.strerror}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def prove(writer: asyncio.StreamWriter, host: str) -> None:
    """Raise `TlsError` unless `writer` is encrypted to a peer proven to be `host`."""
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    if tls is None:
        raise TlsError(host, "it offers no TLS")
    verifies = tls.context.verify_mode is ssl.CERT_REQUIRED and tls.context.check_hostname
    if not verifies or not tls.getpeercert() or tls.server_hostname != host:
        raise TlsError(host, "its certificate was not verified")
