"""Links by mail are asked for by anybody, and written by the worker.

The request only notes, sealed, what was asked for, whoever's the address is: its answer and its
time tell nobody whether there is an account. The worker looks, and writes the letter or none.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from apps.administration.entry.service import Checks
from apps.administration.factors import lost
from apps.administration.words import Words
from shared.auth.lost import word_of
from shared.auth.throttle import LETTERS, AccountThrottled, Throttle
from shared.clock import Clock
from shared.ids import digest, new_id, new_secret
from shared.jobs import Handler, enqueue
from shared.mail.base import Mailer, is_address
from shared.mail.queue import QUEUE, Post
from shared.models import MailToken, Person
from shared.sealed import Seal
from shared.settings import SealingSettings

LINK, RESET, PROVE = "link", "reset", "prove"
# ASVS 5.0, 6.5.5: what signs in by itself, 10 minutes at most.
LASTS: Final = MappingProxyType(
    {
        LINK: timedelta(minutes=10),
        RESET: timedelta(minutes=15),
        PROVE: timedelta(minutes=15),
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for. `base`: the address of the page that the link opens; `then`: a
    return path, or ""; `person_id`: who wants to prove `email`.
    """

    kind: str
    email: str
    base: str
    then: str = ""
    person_id: int | None = None


class Asking:
    """One a process."""

    def __init__(self, settings: SealingSettings, post: Post, clock: Clock) -> None:
        secret = settings.secret.get_secret_value()
        self._attempts = Throttle(secret, "mail link")
        self._letters = Throttle(secret, "letter", LETTERS)
        self._seal = Seal.of(settings, "request for a link")
        self._post = post
        self._clock = clock

    async def admit(self, checks: Checks, email: str, *besides: str) -> None:
        """Count that a letter to `email` is asked for, and by whom, before it is. A browser that
        was here before is counted by itself: nobody keeps its owner from asking.

        Raises `Throttled`.
        """
        for account in (email, *besides):
            device = checks.guard.devices.find(checks.device, account, checks.now)
            await self._attempts.admit(
                checks.database, account, checks.address, checks.now, device=device
            )

    async def admit_letter(self, checks: Checks, kind: str, email: str) -> bool:
        """The same for a letter that lets in; false: `email` was written to a moment ago, and that
        letter's link is good still. Nobody keeps the owner out by asking for too many: each kind is
        counted by itself.

        Raises `Throttled` for the address that they come from, and for their own browser.
        """
        device = checks.guard.devices.find(checks.device, email, checks.now)
        lane = f"{kind} {email}"
        try:
            await self._letters.admit(
                checks.database, lane, checks.address, checks.now, device=device
            )
        except AccountThrottled:
            return False
        return True

    async def note(self, session: AsyncSession, asked: Asked) -> None:
        """Note it in the caller's transaction; wake the queue `mail` after the commit."""
        key = f"ask {new_id('ask')}"
        payload = {"key": key, "asked": self._seal.close(asdict(asked), label=key)}
        await enqueue(session, QUEUE, key, payload, now=self._clock.now())

    def worker(self, mailer: Mailer) -> Handler:
        """The handler of the queue `mail`: what was asked for becomes a letter, and so does word
        that the command line left; letters go out.
        """
        send = self._post.sender(mailer)

        async def work(session: AsyncSession, payload: dict[str, Any]) -> None:
            if "asked" in payload:
                values = self._seal.open(payload["asked"], label=payload["key"])
                await self._write(session, Asked(**values))
            elif word := word_of(payload):
                await lost.tell(session, self._post, word, self._clock.now())
            else:
                await send(session, payload)

        return work

    def is_current(self, payload: dict[str, Any]) -> bool:
        """Whether what waits in the queue is sealed with the present key."""
        if "asked" in payload:
            return self._seal.is_current(payload["asked"])
        # Word of the command line is not sealed.
        return word_of(payload) is not None or self._post.is_current(payload)

    async def _write(self, session: AsyncSession, asked: Asked) -> None:
        person = await _person(session, asked)
        if person is None or not is_address(asked.email):
            return
        now = self._clock.now()
        if asked.kind == PROVE and await _account(session, asked.email) is not None:
            await self._put(session, asked, f"{asked.kind} {new_id('ask')}", words.mail_in_use())
            return
        token = new_secret()
        row = MailToken(
            token_hash=digest(token),
            person_id=person.id,
            kind=asked.kind,
            email=asked.email,
            created_at=now,
            expires_at=now + LASTS[asked.kind],
        )
        session.add(row)
        await session.flush()
        await self._put(session, asked, f"{asked.kind} {row.id}", _words(asked, token))

    async def _put(self, session: AsyncSession, asked: Asked, key: str, said: Words) -> None:
        now = self._clock.now()
        await self._post.put(session, said.template, asked.email, key=key, now=now, **said.values)


async def _person(session: AsyncSession, asked: Asked) -> Person | None:
    """Who a link is for; none: nobody, or somebody who may not sign in."""
    if asked.person_id is None:
        return await _account(session, asked.email)
    return await session.get(Person, asked.person_id)


async def _account(session: AsyncSession, email: str) -> Person | None:
    query = select(Person).where(
        Person.email == email, Person.disabled.is_(False), Person.erased_at.is_(None)
    )
    return (await session.scalars(query)).one_or_none()


def _words(asked: Asked, token: str) -> Words:
    then = f"&return={quote(asked.then, safe='')}" if asked.then else ""
    link = f"{asked.base}?token={token}{then}"
    if asked.kind == PROVE:
        return words.prove(link, LASTS[PROVE])
    return (words.reset if asked.kind == RESET else words.sign_in_link)(link, LASTS[asked.kind])


def asking(request: Request) -> Asking:
    found: Asking = request.app.state.asking
    return found


AskingOf = Annotated[Asking, Depends(asking)]
