"""Passkeys of a person: added, named, removed, and signed in with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from apps.administration.factors import ceremonies, challenges, errors, repository, rules
from apps.administration.factors.challenges import Challenges
from apps.administration.factors.schemas import Assertion, Registration
from apps.administration.factors.told import Doing
from apps.administration.names import name_of
from shared.auth.sessions import SignedIn
from shared.models import Passkey, Person
from shared.models.factors import LONGEST_PASSKEY_NAME, LONGEST_PUBLIC_KEY
from shared.web import csrf
from shared.web.services import Services

MOST = 20
UNNAMED = "Passkey"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """One kind of asking an authenticator, in one browser."""

    request: Request
    kind: str
    now: datetime

    @property
    def party(self) -> ceremonies.Party:
        return ceremonies.party(self.request.scope, self._services.settings)

    def issue(self) -> bytes:
        """A challenge for this browser. Raises `ChallengeOver` for one that keeps no cookie."""
        return self._challenges.issue(self._bound, self.now)

    async def spend(self, session: AsyncSession, client_data: bytes) -> bytes:
        """The challenge that is answered; it counts no second time. Raises `ChallengeOver`,
        `PasskeyRefused`.
        """
        challenge = ceremonies.challenge_in(client_data)
        until = self._challenges.until(challenge, self._bound, self.now)
        await challenges.spend(session, challenge, until)
        return challenge

    @property
    def _services(self) -> Services:
        here: Services = self.request.app.state.services
        return here

    @property
    def _challenges(self) -> Challenges:
        return Challenges(self._services.settings.secret.get_secret_value(), self.kind)

    @property
    def _bound(self) -> str:
        bound = csrf.binding(self.request.scope)
        if bound is None:
            raise errors.ChallengeOver
        return bound


def signing_in(request: Request, now: datetime) -> Ceremony:
    """Whoever it is will be told by the passkey."""
    return Ceremony(request, "sign-in", now)


def confirming(request: Request, who: SignedIn, now: datetime) -> Ceremony:
    """Somebody who is signed in shows a factor again."""
    return Ceremony(request, f"confirm {who.sign_in_public_id}", now)


def adding(request: Request, who: SignedIn, now: datetime) -> Ceremony:
    return Ceremony(request, f"add {who.sign_in_public_id}", now)


async def creation_options(doing: Doing) -> dict[str, Any]:
    """What a new passkey is made with. Raises `TooManyPasskeys`."""
    known = await _room(doing)
    ceremony = adding(doing.request, doing.who, doing.now)
    return ceremonies.creation_options(
        ceremony.party,
        doing.who,
        ceremony.issue(),
        [(each.credential_id, each.transports) for each in known],
    )


async def add(doing: Doing, answer: Registration) -> Passkey:
    """Raises `NameUnfit`, `PasskeyRefused`, `ChallengeOver`, `KnownPasskey`, `TooManyPasskeys`."""
    name = name_of(answer.name.strip() or UNNAMED, LONGEST_PASSKEY_NAME)
    ceremony = adding(doing.request, doing.who, doing.now)
    challenge = await ceremony.spend(doing.session, answer.client_data)
    made = ceremonies.made(answer, ceremony.party, challenge)
    if len(made.public_key) > LONGEST_PUBLIC_KEY:
        raise errors.PasskeyRefused
    await repository.hold(doing.session, doing.who.person_id)
    await _room(doing)
    row = Passkey(
        person_id=doing.who.person_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        transports=answer.transports,
        synced=made.synced,
        name=name,
        created_at=doing.now,
    )
    doing.session.add(row)
    try:
        await doing.session.flush()
    except IntegrityError:
        raise errors.KnownPasskey from None
    await doing.record("passkey.add", after={"passkey": row.public_id, "name": name})
    await doing.tell(words.factor_added(doing.now, doing.address, f"the passkey {name}"))
    return row


async def rename(doing: Doing, public_id: str, given: str) -> None:
    """Raises `NoSuchPasskey`, `NameUnfit`."""
    row = await _find(doing.session, doing.who, public_id)
    name, before = name_of(given, LONGEST_PASSKEY_NAME), row.name
    if name == before:
        return
    row.name = name
    await doing.record(
        "passkey.rename",
        before={"passkey": public_id, "name": before},
        after={"passkey": public_id, "name": name},
    )


async def remove(doing: Doing, public_id: str) -> None:
    """Raises `NoSuchPasskey`, `LastWayIn`."""
    person = await repository.hold(doing.session, doing.who.person_id)
    row = await _find(doing.session, doing.who, public_id)
    left = len(await repository.passkeys(doing.session, person.id)) - 1
    if not rules.leaves_a_way_in(password=person.password_hash is not None, passkeys=left):
        raise errors.LastWayIn
    name = row.name
    await repository.remove_passkey(doing.session, row)
    await doing.record("passkey.remove", before={"passkey": public_id, "name": name})
    await doing.tell(words.factor_removed(doing.now, doing.address, f"the passkey {name}"))


async def find(session: AsyncSession, who: SignedIn, public_id: str) -> Passkey:
    """One's own. Raises `NoSuchPasskey`."""
    return await _find(session, who, public_id)


async def person_of(session: AsyncSession, ceremony: Ceremony, answer: Assertion) -> Person:
    """Who signs in. Raises `PasskeyRefused`, `PasskeyCopied`, `ChallengeOver`."""
    person = await _shown(session, ceremony, answer)
    if answer.user_handle != person.public_id.encode():
        raise errors.PasskeyRefused
    return person


async def confirm(
    session: AsyncSession, who: SignedIn, ceremony: Ceremony, answer: Assertion
) -> None:
    """It is one's own passkey, shown just now. Raises as `person_of` does."""
    person = await _shown(session, ceremony, answer)
    if person.id != who.person_id:
        raise errors.PasskeyRefused("this passkey is somebody else's; use one of your own")


async def _shown(session: AsyncSession, ceremony: Ceremony, answer: Assertion) -> Person:
    """Whose passkey it was, that answered just now."""
    challenge = await ceremony.spend(session, answer.client_data)
    found = await repository.passkey_of(session, answer.raw_id)
    if found is None:
        raise errors.PasskeyRefused("it is not known here (any more); use another way to sign in")
    passkey, person = found
    count = ceremonies.count_of(answer, ceremony.party, challenge, passkey.public_key)
    if not await repository.count_use(session, passkey.id, count, ceremony.now):
        raise errors.PasskeyCopied
    return person


async def _room(doing: Doing) -> list[Passkey]:
    known = await repository.passkeys(doing.session, doing.who.person_id)
    if len(known) >= MOST:
        raise errors.TooManyPasskeys(MOST)
    return list(known)


async def _find(session: AsyncSession, who: SignedIn, public_id: str) -> Passkey:
    row = await repository.passkey(session, who.person_id, public_id)
    if row is None:
        raise errors.NoSuchPasskey("it may have been removed; look at the list again")
    return row
