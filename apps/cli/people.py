"""`fortress people`."""

import asyncio
from typing import Annotated, Any

import typer
from sqlalchemy import select, update

from apps.cli.database import opened
from apps.cli.everywhere import PersonId, record_everywhere
from apps.cli.output import Json, document, examples, say, table
from apps.local.settings import load_local
from shared.auth.people import address_of
from shared.clock import SystemClock
from shared.errors import NotFound
from shared.models import Person
from shared.settings import Settings
from shared.telemetry.clean import clean

Email = Annotated[str, typer.Argument(help="The mail address that they sign in with.")]

app = typer.Typer(help="People.", no_args_is_help=True, rich_markup_mode="rich")
support = typer.Typer(
    help="Who is of support: may be let in by organisations, for a time, each by its own word.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.add_typer(support, name="support")


@support.command(epilog=examples("fortress people support add name@example.com"))
def add(email: Email) -> None:
    """Make a person one of support. They see nothing until an organisation lets support in."""
    asyncio.run(_set(load_local(), email, of_support=True))
    say("They are of support now. Organisations let support in on their page /support.")


@support.command(epilog=examples("fortress people support remove name@example.com"))
def remove(email: Email) -> None:
    """Make a person none of support any more. What they see by it they see no longer, at once."""
    asyncio.run(_set(load_local(), email, of_support=False))
    say("They are not of support any more.")


@support.command("list", epilog=examples("fortress people support list --json"))
def list_all(*, as_json: Json = False) -> None:
    """List who is of support."""
    found = asyncio.run(_list(load_local()))
    if as_json:
        document({"items": found})
    else:
        columns = ["id", "name", "email", "since"]
        table(columns, ([one[name] for name in columns] for one in found))


async def _set(settings: Settings, email: str, *, of_support: bool) -> None:
    address, now = address_of(email), SystemClock().now()
    here = Person.erased_at.is_(None)
    async with opened(settings) as database, database.unit_of_work() as session:
        wanted = select(Person.id, Person.public_id, Person.support_since)
        row = (await session.execute(wanted.where(Person.email == address, here))).one_or_none()
        if row is None:
            raise NotFound(f"nobody signs in with {clean(address)}; invite them first")
        if (row.support_since is not None) == of_support:
            return
        change = update(Person).where(Person.id == row.id)
        await session.execute(change.values(support_since=now if of_support else None))
        person = PersonId(row.id, row.public_id)
        action = "support.add" if of_support else "support.remove"
        before, after = {"of_support": not of_support}, {"of_support": of_support}
        await record_everywhere(session, person, action, at=now, before=before, after=after)


async def _list(settings: Settings) -> list[dict[str, Any]]:
    columns = Person.public_id, Person.name, Person.email, Person.support_since
    query = select(*columns).where(Person.support_since.is_not(None)).order_by(Person.email)
    async with opened(settings) as database, database.read() as session:
        rows = await session.execute(query)
    return [dict(zip(("id", "name", "email", "since"), row, strict=True)) for row in rows]
