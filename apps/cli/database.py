"""The database, as commands that work on it directly use it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from migrations.revision import advice, newest, present
from shared.auth.audit import Origin
from shared.bus import connect_bus
from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.devices import news
from shared.errors import Conflict, NotFound, Unavailable
from shared.models import Organisation
from shared.settings import Settings
from shared.telemetry.clean import clean

ACTOR = "cli"


@dataclass(frozen=True)
class Work:
    """One unit of work in one organisation."""

    session: AsyncSession
    origin: Origin
    organisation: Organisation
    clock: Clock


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database, migrated. Raises `Unavailable` or `Conflict` that says what to do."""
    database = Database.from_settings(settings)
    try:
        await _check(database)
        yield database
    except (DBAPIError, OSError) as error:
        raise Unavailable(
            f"the database does not answer ({clean(str(error.__cause__ or error))}); "
            "check FORTRESS_DATABASE_URL, or run `fortress doctor`"
        ) from None
    finally:
        await database.close()


async def _check(database: Database) -> None:
    async with database.engine.connect() as connection:
        at = await connection.run_sync(present)
    if at != newest():
        raise Conflict(
            f"the database is at {at or 'nothing'}, this version needs {newest()}; {advice(at)}"
        )


@asynccontextmanager
async def work_in(settings: Settings, organisation: str) -> AsyncIterator[Work]:
    """A unit of work in the organisation with this public id or name.

    Raises `NotFound`, and `Conflict` when several have the name.
    """
    clock = SystemClock()
    async with opened(settings) as database, database.unit_of_work() as session:
        found = await _organisation(session, organisation)
        yield Work(session, Origin(found.id, ACTOR), found, clock)


async def _organisation(session: AsyncSession, wanted: str) -> Organisation:
    named = or_(Organisation.public_id == wanted, Organisation.name == wanted)
    found = (await session.scalars(select(Organisation).where(named).limit(2))).all()
    if not found:
        raise NotFound(f"there is no organisation {clean(wanted)}; see `fortress org list`")
    if len(found) > 1:
        raise Conflict(f"several organisations are named {clean(wanted)}; say the id of one")
    return found[0]


async def tell_ingest(settings: Settings, organisation: str, devices: Iterable[str]) -> None:
    """Let ingest forget what it knew of devices that were changed, once that is committed.

    With a bus in memory there is nobody to tell: ingest looks again by itself.
    """
    if settings.bus_url.startswith("memory://"):
        return
    bus = connect_bus(settings)
    try:
        await bus.publish(*news(organisation, devices))
    finally:
        await bus.close()
