"""What stands between a guess and an account. One a process."""

import asyncio

from apps.administration.factors.service import make_seal
from shared.auth.passwords import Passwords
from shared.auth.throttle import Devices, Throttle
from shared.settings import SealingSettings


class Guard:
    """`attempts` counts passwords, `codes` second factors, which `seal` keeps secret in the
    database; `devices` knows browsers again.
    """

    def __init__(self, settings: SealingSettings) -> None:
        secret = settings.secret.get_secret_value()
        self.passwords = Passwords()
        self.attempts = Throttle(secret, "password")
        self.codes = Throttle(secret, "code")
        self.seal = make_seal(settings)
        self.devices = Devices(secret)

    async def run(self, stop: asyncio.Event) -> None:
        """A background task: let go of the threads in the end."""
        await stop.wait()
        self.passwords.close()
