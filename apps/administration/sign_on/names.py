"""TXT records of a domain, asked of the system's DNS servers, or of the one that is set.

A domain that is an alias is not followed: who it points to would prove what is not theirs.
"""

from shared.errors import DomainError

SECONDS = 5.0
PORT = 53


class NotAnswered(DomainError):
    """Nobody said whether there are any."""

    code = "dns_not_answered"
    status = 502
    title = "DNS did not answer"


class Names:
    """`server`: an address, of IPv4 also `address:port`; empty: those of the system."""

    def __init__(self, server: str = "") -> None:
        host, colon, port = server.partition(":")
        with_port = colon and ":" not in port
        self._server = host if with_port else server
        self._port = int(port) if with_port else PORT

    async def texts(self, domain: str) -> list[str]:
        """The TXT records of exactly `domain`. Raises `NotAnswered`."""
        # A third of a second to import, and needed seldom.
        from dns import asyncresolver, exception, name, resolver  # noqa: PLC0415 - see above

        asking = asyncresolver.Resolver(configure=not self._server)
        if self._server:
            asking.nameservers, asking.port = [self._server], self._port
        asking.lifetime = SECONDS
        asked = name.from_text(domain)
        try:
            answer = await asking.resolve(asked, "TXT", search=False)
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            return []
        except exception.DNSException:
            raise NotAnswered("no DNS server answered for this domain; try again later") from None
        if answer.canonical_name != asked or answer.rrset is None:
            return []
        return [b"".join(record.strings).decode(errors="replace") for record in answer.rrset]
