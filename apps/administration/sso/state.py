"""What single sign-on works with, made once a process."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from shared.auth.throttle import Throttle
from shared.models import SsoConnection
from shared.sealed import Seal, Unreadable
from shared.settings import Environment, SealingSettings
from shared.web.cookies import Signed

if TYPE_CHECKING:
    from apps.administration.sso.provider import Providers


class SingleSignOn:
    """`signed`: what the browser keeps on the way; `attempts` counts addresses that were typed;
    `client_secrets` seals what we prove ourselves with.
    """

    def __init__(self, settings: SealingSettings) -> None:
        secret = settings.secret.get_secret_value()
        self.anywhere = settings.environment is Environment.development
        self.signed = Signed(secret, "single sign-on")
        self.attempts = Throttle(secret, "single sign-on")
        self.client_secrets = Seal.of(settings, "secret of single sign-on")
        self._made: list[Providers] = []

    async def providers(self) -> "Providers":
        """All providers. What talks to them takes half a second to import, off the event loop."""
        if not self._made:
            module = await asyncio.to_thread(import_module, "apps.administration.sso.provider")
            # Two may have waited for it; nothing is awaited from here on.
            if not self._made:
                self._made.append(module.Providers(anywhere=self.anywhere))
        return self._made[0]

    def seal(self, connection: str, secret: str) -> str:
        """A client's secret as it is stored for the connection with this public id."""
        return self.client_secrets.close({"secret": secret}, label=connection)

    def secret(self, connection: SsoConnection) -> str:
        """Empty where neither FORTRESS_SECRET nor the one before reads it: it is typed again."""
        try:
            found = self.client_secrets.open(connection.client_secret, label=connection.public_id)
        except Unreadable:
            return ""
        return str(found["secret"])

    async def run(self, stop: asyncio.Event) -> None:
        """A background task: let go of connections in the end."""
        await stop.wait()
        for one in self._made:
            await one.close()
