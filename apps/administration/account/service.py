"""What people change of their own account: what they sign in with, and what they are called."""

import logging
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from apps.administration.account import repository
from apps.administration.account.errors import AddressTaken, OtherPerson
from apps.administration.entry import told
from apps.administration.entry.told import Whose
from apps.administration.mail_entry import service as links
from apps.administration.mail_entry.asking import PROVE
from apps.administration.mail_entry.repository import Found
from apps.administration.privacy import service as privacy
from apps.administration.sso.service import check_address
from apps.administration.words import Words
from shared.auth import passwords, sessions
from shared.auth.passwords import Passwords
from shared.auth.sessions import SignedIn
from shared.ids import new_id
from shared.jobs import wake
from shared.mail.base import is_address
from shared.mail.queue import QUEUE, Post
from shared.models import Person
from shared.web import access
from shared.web.dependencies import after_commit, services

log = logging.getLogger(__name__)


async def hashed(hasher: Passwords, password: str, *about: str) -> str:
    """What to store of a new password. `about`: what the person is called.

    Raises `Unacceptable`, `TooMany`. It takes a while: nothing should be locked meanwhile.
    """
    passwords.check(password, about=[*about, "fortress"])
    return await hasher.hash(password)


def new_password() -> dict[str, object]:
    """The field in which a new password is written."""
    return {
        "name": "password",
        "label": "New password",
        "type": "password",
        "autocomplete": "new-password",
        "hint": f"{passwords.SHORTEST} characters or more, any that you like; a few words make a"
        " good password. Pasting is fine.",
    }


async def proved(request: Request, session: AsyncSession, person_id: int) -> None:
    """Whoever used a link reads what goes to its address."""
    person = await repository.person(session, person_id)
    person.mail_proved_at = person.mail_proved_at or _now(request)


async def reset(request: Request, session: AsyncSession, found: Found, hashed: str) -> None:
    """A new password by a link: all sign-ins end, that of this browser too, and all other links; a
    letter says so.
    """
    person = await repository.person(session, found.person_id)
    person.mail_proved_at = person.mail_proved_at or _now(request)
    await _set_password(request, session, person, hashed, "person.reset")
    await sessions.end_all(session, person.id, _now(request))
    before = await access.present(request)
    if before is not None and before.person_id == person.id:
        access.forget(request)


async def change_password(
    request: Request, session: AsyncSession, who: SignedIn, hashed: str
) -> str:
    """A new password by who has just shown that it is them: all other sign-ins end. Returns this
    session's new token.
    """
    person = await repository.person(session, who.person_id)
    await _set_password(request, session, person, hashed, "person.password")
    await sessions.end_all(session, person.id, _now(request), but=who.sign_in_id)
    return await sessions.confirm(session, who, _now(request))


async def change_name(request: Request, session: AsyncSession, who: SignedIn, name: str) -> None:
    person = await repository.person(session, who.person_id)
    before = person.name
    if name != before:
        person.name = name
        await _record(request, session, person, "person.name", {"name": before}, {"name": name})


async def announce(request: Request, session: AsyncSession, who: SignedIn, email: str) -> None:
    """Tell the address so far that another one is about to take its place."""
    said = words.mail_changing(_now(request), told.address(request), email)
    await _letter(request, session, who.email, said, "mail changing")


async def proof(session: AsyncSession, who: SignedIn, token: str, now: datetime) -> Found:
    """What a link would prove. Raises `LinkOver`, `OtherPerson`."""
    found = await links.look(session, token, PROVE, now)
    if found.person_id != who.person_id:
        raise OtherPerson
    return found


async def change_mail(request: Request, session: AsyncSession, who: SignedIn, token: str) -> None:
    """The address that a link went to becomes the person's. Who is sent to it by mistake cannot
    take it: the link works for whoever asked for it.

    Raises `LinkOver`, `OtherPerson`, `AddressTaken`, `Kept`.
    """
    found = await proof(session, who, token, _now(request))
    await check_address(session, who.person_id, found.email)
    await links.use(session, token, PROVE, _now(request))
    if await repository.is_taken(session, found.email):
        raise AddressTaken
    person = await repository.person(session, who.person_id)
    before, person.email, person.mail_proved_at = person.email, found.email, _now(request)
    try:
        await session.flush()
    except IntegrityError:  # somebody was faster
        raise AddressTaken from None
    await links.void(session, person.id, _now(request))
    await privacy.follow(session, person.id, before)
    said = words.mail_changed(_now(request), told.address(request), found.email)
    await _letter(request, session, before, said, "mail changed")
    await _record(
        request, session, person, "person.mail", {"email": before}, {"email": found.email}
    )


async def _set_password(
    request: Request, session: AsyncSession, person: Person, hashed: str, action: str
) -> None:
    now, before = _now(request), person.password_changed_at
    person.password_hash, person.password_changed_at = hashed, now
    await links.void(session, person.id, now)
    said = words.password_changed(now, told.address(request))
    await _letter(request, session, person.email, said, "password changed")
    was = {"password_changed_at": before.isoformat() if before else None}
    await _record(request, session, person, action, was, {"password_changed_at": now.isoformat()})


async def _record(  # noqa: PLR0917 - who, what, before, after: as an entry reads
    request: Request,
    session: AsyncSession,
    person: Person,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    log.info("%s: %s", person.public_id, action)
    whose = Whose(person.id, person.public_id)
    target = person.public_id
    await told.record(request, session, whose, action, target, before=before, after=after)


async def _letter(
    request: Request, session: AsyncSession, to: str, said: Words, cause: str
) -> None:
    if not is_address(to):
        return
    post: Post = request.app.state.post
    key = f"{cause} {new_id('ltr')}"
    await post.put(session, said.template, to, key=key, now=_now(request), **said.values)
    wake_post(request)


def wake_post(request: Request) -> None:
    """Let what was written go out as soon as it is committed."""
    bus = services(request).bus
    after_commit(request, lambda: wake(bus, QUEUE))


def _now(request: Request) -> datetime:
    return services(request).clock.now()
