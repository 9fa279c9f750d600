"""`fortress org`."""

import asyncio
from typing import Annotated, Any

import typer
from sqlalchemy import select

from apps.cli.database import ACTOR, opened
from apps.cli.output import Json, document, examples, facts, table
from apps.local.settings import load_local
from shared.auth import audit
from shared.auth.audit import Origin
from shared.clock import SystemClock
from shared.errors import Invalid
from shared.models import Organisation
from shared.settings import Settings

LONGEST = 200

app = typer.Typer(help="Organisations.", no_args_is_help=True, rich_markup_mode="rich")


@app.command(epilog=examples("fortress org create 'Harbour Offices'"))
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    as_json: Json = False,
) -> None:
    """Create an organisation."""
    made = asyncio.run(_create(load_local(), name))
    if as_json:
        document(made)
    else:
        facts(made, f"Next: fortress key create --org {made['id']}")


@app.command("list", epilog=examples("fortress org list --json"))
def list_all(*, as_json: Json = False) -> None:
    """List organisations."""
    found = asyncio.run(_list(load_local()))
    if as_json:
        document({"items": found})
    else:
        table(["id", "name"], ([item["id"], item["name"]] for item in found))


async def _create(settings: Settings, name: str) -> dict[str, Any]:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST or not name.isprintable():
        raise Invalid(f"a name has 1 to {LONGEST} printable characters")
    now = SystemClock().now()
    async with opened(settings) as database, database.unit_of_work() as session:
        made = Organisation(name=name, created_at=now)
        session.add(made)
        await session.flush()
        origin = Origin(made.id, ACTOR)
        after = {"name": name}
        audit.record(session, origin, "organisation.create", made.public_id, at=now, after=after)
    return {"id": made.public_id, "name": made.name}


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with opened(settings) as database, database.read() as session:
        rows = (await session.scalars(select(Organisation).order_by(Organisation.id))).all()
    return [{"id": row.public_id, "name": row.name} for row in rows]
