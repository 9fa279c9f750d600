"""Whether it is the person that it says it is."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.entry import repository
from apps.administration.entry.errors import WrongCode, WrongPassword
from apps.administration.entry.guard import Guard
from apps.administration.entry.repository import Account
from apps.administration.factors.service import check_code, second_needed
from shared.db import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checks:
    """What is shown in one request: from `address`, by a browser with the cookie `device`.

    `session` is not used before what was shown is known to be right: no connection is held while
    others are waited for.
    """

    database: Database
    session: AsyncSession
    guard: Guard
    address: str | None
    device: str | None
    now: datetime

    async def password(self, email: str, given: str) -> int:
        """The number of the person whose password it is. Raises `WrongPassword`, `TooMany`.

        One answer in the same time, whether there is such an account or not.
        """
        name = email.strip().lower()
        device = self.guard.devices.find(self.device, name, self.now)
        attempt = await self.guard.attempts.admit(
            self.database, name, self.address, self.now, device=device
        )
        found = await self._account(name)
        verdict = await self.guard.passwords.verify(found.password_hash if found else None, given)
        if found is None or not verdict.right:
            who = found.public_id if found else "an unknown account"
            log.warning("a password for %s from %s was wrong", who, self.address)
            raise WrongPassword
        await self.guard.attempts.passed(self.session, attempt, self.now)
        if verdict.rehash is not None:
            await repository.set_hash(self.session, found.id, verdict.rehash)
        return found.id

    async def code(self, person_id: int, given: str) -> str:
        """Which kind of code it was: `totp` or `recovery`. Raises `WrongCode`, `TooMany`."""
        async with self.database.read() as reading:
            person = await repository.person(reading, person_id)
        # A browser of its owner's is counted by itself: nobody who guesses keeps them out.
        email = person.email if person else ""
        device = self.guard.devices.find(self.device, email, self.now)
        attempt = await self.guard.codes.admit(
            self.database, str(person_id), self.address, self.now, device=device
        )
        kind = await check_code(self.session, person_id, given, self.now, seal=self.guard.seal)
        if kind is None:
            who = person.public_id if person else "a closed account"
            log.warning("a code for %s from %s was wrong", who, self.address)
            raise WrongCode
        await self.guard.codes.passed(self.session, attempt, self.now)
        return kind

    async def stands(self, person_id: int, since: datetime) -> bool:
        """Whether a first factor shown `since` counts still: a new password ends it, as it ends
        all sign-ins.
        """
        async with self.database.read() as reading:
            person = await repository.person(reading, person_id)
        if person is None:
            return False
        # Equal is after: a reset itself may wait for the second factor.
        return person.password_changed_at is None or since >= person.password_changed_at

    async def has_codes(self, person_id: int) -> bool:
        """Whether the person has an app that shows codes."""
        async with self.database.read() as reading:
            return await second_needed(reading, person_id)

    async def _account(self, email: str) -> Account | None:
        async with self.database.read() as reading:
            return await repository.account(reading, email)
