"""The code that takes a sign-in to an app: bound, short, once."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from shared.auth import codes, sessions
from shared.auth.codes import LIFETIME, challenge_of, is_challenge, new_verifier
from shared.db import Database
from shared.errors import BadRequest
from shared.models import Person
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.builders import make_tenant
from tests.support.people import LIFETIMES, MadeSignIn, make_member, make_person, sign_in

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
REDIRECT = "https://billing.example.com/sign-in/done"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
WEB = ("api", "reporting", "billing", "loyalty", "dashboarding")


@dataclass(frozen=True)
class Asked:
    """What an app gives for a session."""

    code: str
    verifier: str
    app: str = "billing"
    redirect: str = REDIRECT
    now: datetime = NOW

    async def exchange(self, database: Database) -> str | None:
        async with database.unit_of_work() as session:
            return await codes.exchange(
                session,
                self.code,
                self.verifier,
                app=self.app,
                redirect=self.redirect,
                now=self.now,
                lifetimes=LIFETIMES,
            )


async def issued(database: Database, made: MadeSignIn | None = None, app: str = "billing") -> Asked:
    made = made or await sign_in(database, await make_person(database), NOW)
    verifier = new_verifier()
    async with database.unit_of_work() as session:
        challenge = challenge_of(verifier)
        code = await codes.issue(
            session, made.id, app=app, challenge=challenge, redirect=REDIRECT, now=NOW
        )
    return Asked(code, verifier, app)


async def alive(database: Database, token: str, app: str = "billing") -> bool:
    async with database.read() as session:
        return bool(await sessions.find(session, token, app, NOW, lifetimes=LIFETIMES))


def test_a_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_every_verifier_has_a_challenge(verifier: str) -> None:
    hashed = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64decode(challenge_of(verifier) + "=") == hashed
    assert is_challenge(challenge_of(verifier))


@pytest.mark.parametrize(
    "text", ["", "a" * 42, "a" * 129, "a" * 42 + "é", "a" * 42 + "\n", "a" * 42 + "+"]
)
def test_what_is_no_verifier_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="verifier"):
        challenge_of(text)


@pytest.mark.parametrize("challenge", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "plain"])
async def test_what_is_no_challenge_is_refused(database: Database, challenge: str) -> None:
    async with database.unit_of_work() as session:
        with pytest.raises(BadRequest, match="challenge"):
            await codes.issue(
                session, 1, app="billing", challenge=challenge, redirect=REDIRECT, now=NOW
            )


async def test_a_code_gives_a_session_of_its_app(database: Database) -> None:
    token = await (await issued(database)).exchange(database)
    assert token is not None
    assert await alive(database, token)


@pytest.mark.parametrize("app", WEB)
async def test_each_app_takes_a_sign_in_on_and_ends_it(services: Services, app: str) -> None:
    """As the app's own database user: with its grants."""
    tenant = await make_tenant(services.database)
    person, _ = await make_member(services.database, tenant, "viewer")
    made = await sign_in(services.database, person, NOW)
    own = as_user(services, app).database
    asked = await issued(as_user(services, "administration").database, made, app)
    token = await asked.exchange(own)
    assert token is not None
    async with own.unit_of_work() as session:
        found = await sessions.find(session, token, app, NOW, lifetimes=LIFETIMES)
        assert found is not None
        await sessions.touch(session, found, NOW)
        assert await sessions.choose(session, found, tenant.public_id)
    assert await asked.exchange(own) is None
    async with own.unit_of_work() as session:
        await sessions.end(session, made.id, NOW)
    assert not await alive(services.database, made.token, "administration")


async def test_a_code_is_good_for_a_minute(database: Database) -> None:
    asked = await issued(database)
    assert await replace(asked, now=NOW + LIFETIME).exchange(database) is None
    last = NOW + LIFETIME - timedelta(milliseconds=1)
    assert await replace(asked, now=last).exchange(database)


@pytest.mark.parametrize(
    "change",
    [
        {"app": "loyalty"},
        {"redirect": f"{REDIRECT}/"},
        {"redirect": REDIRECT.replace("billing", "loyalty")},
        {"redirect": REDIRECT.replace("https", "http")},
        {"verifier": new_verifier()},
        {"code": "nonsense"},
        {"code": ""},
    ],
)
async def test_what_is_not_exactly_as_asked_gives_nothing_and_uses_nothing_up(
    database: Database, change: dict[str, str]
) -> None:
    asked = await issued(database)
    assert await replace(asked, **change).exchange(database) is None  # type: ignore[arg-type]  # each is a text
    assert await asked.exchange(database)


async def test_a_second_time_gives_nothing_and_ends_what_the_first_gave(
    database: Database,
) -> None:
    person = await make_person(database)
    made = await sign_in(database, person, NOW)
    asked, other = await issued(database, made), await issued(database, made)
    token, stays = await asked.exchange(database), await other.exchange(database)
    assert token is not None
    assert stays is not None
    assert await asked.exchange(database) is None
    assert not await alive(database, token)
    assert await alive(database, stays)
    assert await alive(database, made.token, "administration")


async def test_a_second_time_by_a_thief_without_the_verifier_ends_it_too(
    database: Database,
) -> None:
    asked = await issued(database)
    token = await asked.exchange(database)
    assert token is not None
    assert await replace(asked, verifier=new_verifier()).exchange(database) is None
    assert not await alive(database, token)


async def test_of_many_at_once_at_most_one_gets_in(database: Database) -> None:
    asked = await issued(database)
    tokens = await asyncio.gather(*(asked.exchange(database) for _ in range(4)))
    assert len([token for token in tokens if token]) == 1


async def test_after_signing_out_a_code_is_of_no_use(database: Database) -> None:
    made = await sign_in(database, await make_person(database), NOW)
    asked = await issued(database, made)
    async with database.unit_of_work() as session:
        await sessions.end(session, made.id, NOW)
    assert await asked.exchange(database) is None


async def test_the_code_of_a_person_who_is_disabled_is_of_no_use(database: Database) -> None:
    person = await make_person(database)
    asked = await issued(database, await sign_in(database, person, NOW))
    async with database.unit_of_work() as session:
        await session.execute(update(Person).where(Person.id == person.id).values(disabled=True))
    assert await asked.exchange(database) is None
