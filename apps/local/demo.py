"""What a newcomer finds: an organisation with an owner, a key, kinds of devices, and devices.

Everything here is made once and found again; what is missing is made anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import randbits
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from apps.local import secrets
from shared.auth import audit, keys
from shared.auth.passwords import Passwords
from shared.auth.people import join
from shared.auth.permissions import OWNER
from shared.auth.scopes import SCOPES
from shared.clock import Clock
from shared.db import Database, scoped
from shared.devices import add_token, register
from shared.errors import Unauthenticated
from shared.ids import base32, digest
from shared.models import Device, DeviceCredential, DeviceProfile, Organisation, Person

NAME = "Demo"
ACTOR = "make run"
EMAIL = "demo@example.com"
# The device that a newcomer plays by hand.
FIRST_STEPS = "first-steps"


@dataclass(frozen=True)
class Wanted:
    """A device that should exist, and the kind (the name of the profile) that it is of."""

    uid: str
    kind: str


@dataclass(frozen=True)
class Demo:
    """The organisation's public id, who signs in to it and how, its key, and the tokens of its
    devices by uid. `password` is none where the person has set another one.
    """

    organisation: str
    email: str
    password: str | None
    key: str
    tokens: dict[str, str]


async def prepare(
    database: Database,
    clock: Clock,
    file: Path,
    kinds: dict[str, dict[str, Any]],
    devices: Sequence[Wanted],
) -> Demo:
    """Find or make the demo. `file` keeps its secrets; `kinds`: profile name → metrics."""
    kept = secrets.read(file)
    found = secrets.Secrets(sample=kept.sample)
    async with database.unit_of_work() as session:
        seeding = _Seeding(session, clock.now(), await _organisation(session, kept, clock.now()))
        found.organisation = seeding.organisation.public_id
        found.key = await seeding.key(kept.key)
        found.password, found.password_since = await seeding.person(kept)
        profiles = await seeding.profiles(kinds)
        found.tokens = await seeding.devices(devices, profiles, kept.tokens)
        if found != kept:
            # Before the commit: a secret that is lost cannot be shown again, an unused one
            # is replaced at the next start.
            secrets.write(file, found)
    return Demo(found.organisation, EMAIL, found.password or None, found.key, found.tokens)


async def _organisation(
    session: AsyncSession, kept: secrets.Secrets, now: datetime
) -> Organisation:
    named = select(Organisation).where(Organisation.name == NAME).order_by(Organisation.id)
    by_id = select(Organisation).where(Organisation.public_id == kept.organisation)
    found = await session.scalar(by_id) or await session.scalar(named.limit(1))
    if found is None:
        found = Organisation(name=NAME, created_at=now)
        session.add(found)
        await session.flush()
        origin = audit.Origin(found.id, ACTOR)
        after = {"name": NAME}
        audit.record(session, origin, "organisation.create", found.public_id, at=now, after=after)
    return found


def new_password() -> str:
    """Twenty letters and digits that are told apart by eye, in groups: 100 random bits."""
    drawn = base32(randbits(100), 20).lower()
    return "-".join(drawn[at : at + 5] for at in range(0, 20, 5))


class _Seeding:
    """Finding and making inside one organisation, in one transaction."""

    def __init__(self, session: AsyncSession, now: datetime, organisation: Organisation) -> None:
        self._session = session
        self._now = now
        self._org_id = organisation.id
        self._origin = audit.Origin(organisation.id, ACTOR)
        self.organisation = organisation

    async def key(self, kept: str) -> str:
        """The kept key if it is still valid for everything, else a new one."""
        try:
            principal, _ = await keys.authenticate(self._session, kept, self._now)
            if principal.org_id == self._org_id and principal.permissions >= set(SCOPES):
                return kept
        except Unauthenticated:
            pass
        row, key = keys.make_key(self._org_id, ACTOR, list(SCOPES), self._now)
        self._session.add(row)
        await self._session.flush()
        self._record("key.create", row.public_id, {"name": ACTOR})
        return key

    async def person(self, kept: secrets.Secrets) -> tuple[str, str]:
        """The password of the organisation's owner, and since when it holds; no password where the
        person has set another one. The kept one if it still holds, else a new one.
        """
        query = select(Person.id, Person.password_changed_at).where(Person.email == EMAIL)
        row = (await self._session.execute(query)).one_or_none()
        person_id = row.id if row is not None else await self._make_person()
        await join(self._session, self._org_id, person_id, OWNER, self._now)
        changed = row.password_changed_at if row is not None else None
        if changed is not None and kept.password_since:
            ours = changed.isoformat() == kept.password_since
            return (kept.password if ours else ""), kept.password_since
        password = new_password()
        hasher = Passwords()
        await self._session.execute(
            update(Person)
            .where(Person.id == person_id)
            .values(password_hash=await hasher.hash(password), password_changed_at=self._now)
        )
        hasher.close()
        return password, self._now.isoformat()

    async def _make_person(self) -> int:
        made = Person(email=EMAIL, name="Demo owner", created_at=self._now)
        self._session.add(made)
        await self._session.flush()
        self._record("person.create", made.public_id, {"name": made.name})
        return made.id

    async def profiles(self, kinds: dict[str, dict[str, Any]]) -> dict[str, int]:
        """The number of each kind's profile. One that exists stays as people have made it."""
        query = select(DeviceProfile).where(DeviceProfile.name.in_(kinds))
        rows = (await self._session.scalars(scoped(self._org_id, query))).all()
        found = {row.name: row.id for row in rows}
        for name in kinds.keys() - found.keys():
            row = DeviceProfile(
                org_id=self._org_id,
                name=name,
                metrics=kinds[name],
                created_at=self._now,
                updated_at=self._now,
            )
            self._session.add(row)
            await self._session.flush()
            self._record("profile.create", row.public_id, {"name": name})
            found[name] = row.id
        return found

    async def devices(
        self, wanted: Sequence[Wanted], profiles: dict[str, int], kept: dict[str, str]
    ) -> dict[str, str]:
        """The token of each wanted device: the kept one if it is still valid, else a new one."""
        existing = await self._existing([device.uid for device in wanted])
        valid = await self._valid([kept.get(device.uid, "") for device in wanted])
        tokens = dict(kept)
        for device in wanted:
            row_id = existing.get(device.uid)
            if row_id is None:
                tokens[device.uid] = await self._register(device, profiles[device.kind])
            elif valid.get(digest(kept.get(device.uid, ""))) != row_id:
                tokens[device.uid] = add_token(self._session, self._org_id, row_id, self._now)
        return tokens

    async def _existing(self, uids: list[str]) -> dict[str, int]:
        query = select(Device).where(Device.uid.in_(uids), Device.gone == 0)
        rows = (await self._session.scalars(scoped(self._org_id, query))).all()
        return {row.uid: row.id for row in rows}

    async def _valid(self, tokens: list[str]) -> dict[bytes, int]:
        """Hash → device, of those `tokens` that still open a connection."""
        query = select(DeviceCredential).where(
            DeviceCredential.token_hash.in_([digest(token) for token in tokens]),
            DeviceCredential.revoked_at.is_(None),
        )
        rows = (await self._session.scalars(scoped(self._org_id, query))).all()
        return {row.token_hash: row.device_id for row in rows}

    async def _register(self, device: Wanted, profile_id: int) -> str:
        _, token = await register(
            self._session,
            self._origin,
            uid=device.uid,
            name=device.uid,
            profile_id=profile_id,
            now=self._now,
        )
        return token

    def _record(self, action: str, target: str, after: dict[str, Any]) -> None:
        audit.record(self._session, self._origin, action, target, at=self._now, after=after)
