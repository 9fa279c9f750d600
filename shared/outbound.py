"""Requests to addresses that a customer chose: into the open internet, never behind our own door.

Whoever may write an address here could otherwise have us ask our own network (server-side request
forgery): the metadata of a task, a database, a neighbour. So a host is resolved once, every address
that it has must be public, and the connection goes to the very address that was looked at.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from shared.errors import DomainError
from shared.telemetry.clean import clean

SECONDS = 10.0
CONNECT_S = 4.0
LARGEST = 256 * 1024
# Of a host that has many addresses, as many are tried.
TRIED = 3
_UNICAST = ipaddress.IPv6Network("2000::/3")
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "Fortress",
}
_PORTS = {"https": 443, "http": 80}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(DomainError):
    """Nothing is asked of such an address."""

    code = "address_refused"
    status = 422
    title = "This address is not asked"


class NotReached(DomainError):
    """Nobody answered there, not in time, or not with what can be used."""

    code = "not_reached"
    status = 502
    title = "Another site did not answer as it should"


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered, redirects and failures too."""

    status: int
    media_type: str
    body: bytes

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `NotReached`."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise NotReached("the answer is not a JSON object")
        return found


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, and holds no other inside it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    # Of IPv6 only what is given out to hosts: no mapped IPv4, no NAT64, and no 6to4 either.
    return address in _UNICAST and address.is_global and address.sixtofour is None


def host_of(url: str, *, anywhere: bool) -> tuple[str, int]:
    """Host and port that `url` leads to. Raises `AddressRefused` for what is not https with a host
    and without a user; with `anywhere`, http too.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("the address cannot be read") from None
    schemes = ("https", "http") if anywhere else ("https",)
    if parts.scheme not in schemes:
        raise AddressRefused(f"the address {clean(url, 100)} does not begin with https://")
    if not host or "@" in parts.netloc or parts.fragment or not url.isascii():
        raise AddressRefused(f"the address {clean(url, 100)} is not a plain https://host/path")
    return host, port or _PORTS[parts.scheme]


class Outbound:
    """Asks other sites, each within `SECONDS` and `LARGEST` bytes, following no redirect.

    `anywhere` (development): http and private addresses too. `trust`: whose certificates are
    believed; by default those that browsers believe.
    """

    def __init__(
        self,
        *,
        anywhere: bool,
        seconds: float = SECONDS,
        largest: int = LARGEST,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._anywhere = anywhere
        self._trust = trust
        self._seconds = seconds
        self._largest = largest
        self._made: httpx.AsyncHTTPTransport | None = None

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Raises `AddressRefused`, `NotReached`."""
        return await self._ask("GET", url, headers or {}, None)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a form. Raises `AddressRefused`, `NotReached`."""
        return await self._ask("POST", url, headers or {}, form)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.aclose()

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Reply:
        host, port = host_of(url, anywhere=self._anywhere)
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._resolve(host, port)
                return await self._try(addresses, method, url, headers, form)
        except TimeoutError:
            raise NotReached(f"{host} did not answer within {self._seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotReached(f"{host} is not reached: {type(error).__name__}") from None

    async def _resolve(self, host: str, port: int) -> list[Address]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            raise NotReached(f"there is no host {clean(host, 100)}") from None
        # An IPv6 address may have a zone behind it, which no public one has.
        every = [ipaddress.ip_address(str(sockaddr[0])) for *_, sockaddr in found]
        if not self._anywhere and not all(is_public(one) for one in every):
            raise AddressRefused(f"{clean(host, 100)} leads into a private network")
        return every[:TRIED]

    async def _try(
        self,
        addresses: list[Address],
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
    ) -> Reply:
        """Ask the first of the addresses that takes a connection."""
        for place, address in enumerate(addresses):
            try:
                return await self._exchange(address, method, url, headers, form)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if place == len(addresses) - 1:
                    raise
        raise NotReached("the host has no address")

    async def _exchange(
        self,
        address: Address,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
    ) -> Reply:
        asked = httpx.URL(url)
        request = httpx.Request(
            method,
            asked.copy_with(host=str(address)),
            headers={**HEADERS, "Host": asked.netloc.decode("ascii"), **headers},
            data=form,
            # The certificate has to be that of the name, whatever the address.
            extensions={
                "sni_hostname": asked.host,
                "timeout": httpx.Timeout(self._seconds, connect=CONNECT_S).as_dict(),
            },
        )
        response = await self._transport().handle_async_request(request)
        try:
            return await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> Reply:
        # Bytes that were asked for plain are counted as they come: nothing unfolds in memory.
        if response.headers.get("content-encoding", "identity") != "identity":
            raise NotReached("the answer is compressed, which was not asked for")
        body = b""
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._largest:
                raise NotReached(f"the answer is larger than {self._largest} bytes")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Reply(response.status_code, media_type, body)

    def _transport(self) -> httpx.AsyncHTTPTransport:
        """Below httpx's client: without its cookies, which one customer's site would give us for
        another's request, its redirects and its proxies.
        """
        if self._made is None:
            self._made = httpx.AsyncHTTPTransport(
                verify=self._trust or True,
                trust_env=False,
                # Connections are kept by address: one that was made for a name must not serve
                # another name on the same machine.
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=0),
            )
        return self._made
