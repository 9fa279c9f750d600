"""What is old is forgotten; what is not, or is still referred to, stays."""

from datetime import timedelta

from sqlalchemy import func, select

from apps.administration.tidy import tidy
from shared.auth import codes
from shared.auth.sessions import Lifetimes, begin, open_session
from shared.db import scoped
from shared.ids import digest, new_secret
from shared.models import AppSession, Attempt, Invitation, MailToken, SignIn, SignInCode
from shared.web.services import Services
from tests.administration.people.conftest import Office
from tests.support.people import make_person

KEPT = timedelta(days=90)
VERIFIER = "v" * 43


async def left(office: Office, ago: timedelta) -> dict[str, int]:
    """How many rows of each kind are there of one person, made this long ago."""
    here: Services = office.home.apps["administration"].state.services
    now = here.clock.now() - ago
    person = await make_person(here.database)
    org_id = office.home.tenant.id
    async with here.database.unit_of_work() as session:
        row = await begin(session, person.id, "password", now, lifetimes=Lifetimes())
        await open_session(session, row.id, "administration", now)
        challenge = codes.challenge_of(VERIFIER)
        there = "http://billing.fortress.localhost/sign-in/done"
        await codes.issue(
            session, row.id, app="billing", challenge=challenge, redirect=there, now=now
        )
        token = {"token_hash": digest(new_secret()), "created_at": now, "email": person.email}
        until = now + timedelta(minutes=15)
        session.add(MailToken(**token, kind="link", person_id=person.id, expires_at=until))
        invited = {"org_id": org_id, "role": "viewer", "invited_by": "usr_X"}
        session.add(Invitation(**token, **invited, expires_at=now + timedelta(days=7)))
        session.add(Attempt(subject=token["token_hash"], since=now, count=1, last_at=now))
    await tidy(here, KEPT)
    return await _count(office, person.id, row.id, token["token_hash"])


async def _count(office: Office, person: int, sign_in: int, mark: object) -> dict[str, int]:
    invitations = select(Invitation.id).where(Invitation.token_hash == mark)
    queries = {
        "sign-in": select(SignIn.id).where(SignIn.person_id == person),
        "session": select(AppSession.id).where(AppSession.sign_in_id == sign_in),
        "code": select(SignInCode.id).where(SignInCode.sign_in_id == sign_in),
        "link": select(MailToken.id).where(MailToken.person_id == person),
        "invitation": scoped(office.home.tenant.id, invitations),
        "attempt": select(Attempt.count).where(Attempt.subject == mark),
    }
    async with office.services.database.read() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(query.subquery())) or 0
            for name, query in queries.items()
        }


async def test_what_is_of_use_stays(office: Office) -> None:
    assert set((await left(office, timedelta(hours=1))).values()) == {1}


async def test_codes_links_and_attempts_go_first(office: Office) -> None:
    found = await left(office, timedelta(days=9))
    assert {name for name, count in found.items() if count} == {"sign-in", "session", "invitation"}


async def test_sign_ins_and_invitations_go_after_their_time(office: Office) -> None:
    assert (await left(office, timedelta(days=100)))["sign-in"] == 1
    assert set((await left(office, timedelta(days=110))).values()) == {0}
