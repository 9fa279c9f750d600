"""`fortress people forget-codes`: who lost the telephone and the recovery codes too."""

import asyncio

import typer
from sqlalchemy import delete, select

from apps.cli.database import opened
from apps.cli.everywhere import PersonId, record_everywhere
from apps.cli.output import Json, document, examples, say
from apps.cli.people import Email
from apps.local.settings import load_local
from shared.auth.lost import leave_word
from shared.auth.people import address_of
from shared.clock import SystemClock
from shared.errors import NotFound
from shared.models import Person, RecoveryCode, Totp
from shared.settings import Settings
from shared.telemetry.clean import clean

app = typer.Typer()


@app.command(epilog=examples("fortress people forget-codes name@example.com"))
def forget_codes(email: Email, *, as_json: Json = False) -> None:
    """Ask a person for no code any more: their authenticator app and recovery codes end.

    Make sure first who it is that asks, as surely as when they joined: a password, or their mail,
    is enough afterwards. Passkeys stay. A letter tells them.
    """
    asyncio.run(_forget(load_local(), email))
    if as_json:
        document({"email": address_of(email)})
    else:
        say("No code is asked for any more. Let them set up an app again at /account/factors.")


async def _forget(settings: Settings, email: str) -> None:
    address = address_of(email)
    known = select(Person.id, Person.public_id).where(
        Person.email == address, Person.erased_at.is_(None)
    )
    async with opened(settings) as database, database.unit_of_work() as session:
        row = (await session.execute(known)).one_or_none()
        if row is None:
            raise NotFound(f"nobody signs in with {clean(address)}; see `fortress people list`")
        await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == row.id))
        gone = await session.execute(delete(Totp).where(Totp.person_id == row.id))
        if not gone.rowcount:  # type: ignore[attr-defined]  # a DELETE has one
            raise NotFound(f"{clean(address)} has no authenticator app: no code is asked for")
        person, now = PersonId(row.id, row.public_id), SystemClock().now()
        await record_everywhere(session, person, "totp.remove", at=now)
        # No bus is at hand: administration finds it when it looks next, within seconds.
        await leave_word(session, row.id, now)
