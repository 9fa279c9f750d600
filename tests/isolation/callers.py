"""Whoever asks: people with each role, keys with each scope, and who must not be let in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import sessions
from shared.auth.keys import make_key
from shared.auth.permissions import BEYOND_GROUPS, ROLES, SCOPES, permitted
from shared.auth.sessions import Lifetimes
from shared.ids import digest, new_secret
from shared.models import AppSession, Membership, MembershipGroup, Person, SignIn
from shared.settings import Settings
from shared.web import cookies, csrf
from tests.isolation.seed import CUSTOM, Made, new_person

APPS = ("api", "reporting", "administration", "billing", "loyalty", "dashboarding")


@dataclass(frozen=True)
class Caller:
    """Who asks. Of a person `tokens` has a session in each app; of a machine `key` is set.

    `refused`: the status with which every route that needs anything turns it away.
    """

    name: str
    org_id: int = 0
    permissions: frozenset[str] = frozenset()
    key: str | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = True
    refused: int | None = None
    limited: bool = False
    # Sent besides: a header Authorization that names no key.
    authorization: str | None = None

    @property
    def is_present(self) -> bool:
        """Somebody's session is alive."""
        return bool(self.tokens) and self.refused in (None, 403)

    @property
    def removed(self) -> bool:
        """Still somebody, who belongs nowhere."""
        return self.refused == 403

    def headers(self, app: str, settings: Settings) -> dict[str, str]:
        """What a request carries, as a machine or a page of `app` sends it."""
        if self.key is not None:
            return {"authorization": f"Bearer {self.key}"}
        if app not in self.tokens:
            return {}
        token = self.tokens[app]
        besides = {} if self.authorization is None else {"authorization": self.authorization}
        return {
            **besides,
            "cookie": f"{cookies.SESSION}={token}",
            "sec-fetch-site": "same-origin",
            "x-csrf-token": csrf.make_token(settings.secret.get_secret_value(), token),
        }


NOBODY = Caller("nobody", refused=401)


@dataclass(frozen=True)
class Callers:
    """Of one organisation. `stale` is an owner who showed no factor for an hour. Who is `refused`
    is tried at every route, of the `odd` ones one at each.
    """

    owner: Caller
    stale: Caller
    key: Caller
    roles: list[Caller]
    limited: Caller
    refused: list[Caller]
    odd: list[Caller]
    only: dict[str, Caller]
    without: dict[str, Caller]


class Making:
    """Makes the callers of one organisation."""

    def __init__(self, session: AsyncSession, made: Made, now: datetime) -> None:
        self._session = session
        self._made = made
        self._now = now

    async def callers(self) -> Callers:
        """Everybody. A key is made with each scope alone, and with all but each."""
        every = set(SCOPES)
        hour_ago = self._now - timedelta(hours=1)
        return Callers(
            owner=await self.person("an owner", "owner"),
            stale=await self.person("an owner of an hour ago", "owner", shown=hour_ago),
            key=self._key("a key with every scope", every),
            roles=[
                await self.person("a person with a role of the organisation's own", None),
                *[await self.person(f"a person, {role}", role) for role in ROLES],
            ],
            limited=await self._limited(),
            refused=[NOBODY, *self._refused_keys(), *await self._refused_people()],
            odd=[
                Caller("a key that is none", key=f"fk_{'0' * 10}_{new_secret()}", refused=401),
                *await self._odd_people(),
            ],
            only={one: self._key(f"a key with {one} alone", {one}) for one in SCOPES},
            without={one: self._key(f"a key without {one}", every - {one}) for one in SCOPES},
        )

    async def person(self, name: str, role: str | None, *, shown: datetime | None = None) -> Caller:
        """Somebody who signed in, and showed a factor then; without `role`, with a custom one."""
        caller, _, _ = await self._sign_in(name, role or self._made.custom, shown)
        return caller

    async def _limited(self) -> Caller:
        """Somebody who would see and change everything, limited to one group of devices."""
        caller, _, who = await self._sign_in("a person limited to a group", "administrator", None)
        query = select(Membership).where(Membership.person_id == who)
        membership = (await self._session.scalars(query)).one()
        self._session.add(
            MembershipGroup(
                org_id=self._made.org_id,
                membership_id=membership.id,
                group_id=self._made.group_id,
            )
        )
        return replace(caller, permissions=caller.permissions - BEYOND_GROUPS, limited=True)

    def _key(self, name: str, scopes: Iterable[str], **changes: datetime) -> Caller:
        row, key = make_key(self._made.org_id, name, list(scopes), self._now)
        # Its use is not noted then: that would be a write with each request.
        row.last_used_at = self._now
        for column, value in changes.items():
            setattr(row, column, value)
        self._session.add(row)
        refused = 401 if changes else None
        return Caller(name, self._made.org_id, frozenset(scopes), key=key, refused=refused)

    def _refused_keys(self) -> list[Caller]:
        before = self._now - timedelta(minutes=1)
        return [
            self._key("an expired key", SCOPES, expires_at=before),
            self._key("a revoked key", SCOPES, revoked_at=before),
        ]

    async def _refused_people(self) -> list[Caller]:
        now = self._now
        expired, at, _ = await self._sign_in("a person whose sign-in is over", "owner", now)
        await self._session.execute(
            update(SignIn).where(SignIn.id == at).values(expires_at=now - timedelta(seconds=1))
        )
        out, at, _ = await self._sign_in("a person who signed out", "owner", now)
        await sessions.end(self._session, at, now)
        removed, _, who = await self._sign_in("a member who was removed", "owner", now)
        await self._session.execute(delete(Membership).where(Membership.person_id == who))
        return [
            replace(expired, refused=401),
            replace(out, refused=401),
            replace(removed, refused=403),
        ]

    async def _odd_people(self) -> list[Caller]:
        now = self._now
        disabled, _, who = await self._sign_in("a person who is disabled", "owner", now)
        await self._session.execute(update(Person).where(Person.id == who).values(disabled=True))
        elsewhere, _, _ = await self._sign_in("a session of another app", "owner", now)
        moved = dict(zip(APPS, [*APPS[1:], APPS[0]], strict=True))
        tokens = {app: elsewhere.tokens[other] for app, other in moved.items()}
        return [
            replace(disabled, refused=401),
            replace(elsewhere, refused=401, tokens=tokens),
        ]

    async def _sign_in(
        self, name: str, role: str, shown: datetime | None
    ) -> tuple[Caller, int, int]:
        """The caller, and the numbers of the sign-in and of the person."""
        person = new_person(self._now)
        self._session.add(person)
        await self._session.flush()
        org_id = self._made.org_id
        self._session.add(
            Membership(org_id=org_id, person_id=person.id, role=role, created_at=self._now)
        )
        signed_in = await sessions.begin(
            self._session, person.id, "password", self._now, lifetimes=Lifetimes()
        )
        signed_in.fresh_at = shown or self._now
        tokens = {app: self._token(signed_in, app) for app in APPS}
        fresh = shown is None or shown == self._now
        caller = Caller(name, org_id, permitted(role, CUSTOM), tokens=tokens, fresh=fresh)
        return caller, signed_in.id, person.id

    def _token(self, signed_in: SignIn, app: str) -> str:
        token = new_secret()
        self._session.add(
            AppSession(
                token_hash=digest(token),
                sign_in_id=signed_in.id,
                app=app,
                org_id=self._made.org_id,
                created_at=self._now,
                seen_at=self._now,
            )
        )
        return token
