"""A DNS server that knows what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class Zone:
    """Name (with its dot) → its TXT records; `alias`: name → another; `silent`: it says nothing."""

    address: str = ""
    texts: dict[str, list[str]] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    silent: bool = False


class _Server(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python's own is no subclass of what it behaves like.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._zone.silent:
            self._transport.sendto(self._answer(data), addr)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = str(query.question[0].name)
        target = self._zone.alias.get(name)
        if target is not None:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
            name = target
        texts = self._zone.texts.get(name)
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            quoted = [f'"{text}"' for text in texts]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *quoted))
        return answer.to_wire()


@asynccontextmanager
async def dns_server() -> AsyncIterator[Zone]:
    """A server on a port of its own; `zone.address` is where it answers."""
    zone = Zone()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Server(zone), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    zone.address = f"{host}:{port}"
    try:
        yield zone
    finally:
        transport.close()
