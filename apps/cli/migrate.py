"""`fortress migrate`."""

import asyncio
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from apps.cli.output import Json, document, examples, facts
from apps.local.settings import load_local
from shared.db import Database
from shared.errors import Unavailable
from shared.settings import Settings
from shared.telemetry.clean import clean

app = typer.Typer()


@app.command("migrate", epilog=examples("fortress migrate", "fortress migrate --to 0011 --json"))
def migrate(
    to: Annotated[str, typer.Option(help="The revision to go up to.")] = "head",
    *,
    as_json: Json = False,
) -> None:
    """Bring the database's tables up to date. Two at a time are refused."""
    before, after = asyncio.run(_migrate(load_local(), to))
    if as_json:
        document({"from": before, "to": after})
    else:
        facts({"from": before or "nothing", "to": after})


async def _migrate(settings: Settings, to: str) -> tuple[str | None, str | None]:
    # Alembic takes long to import, and every command would wait for it.
    from migrations.run import upgrade  # noqa: PLC0415 - as said above

    database = Database.from_settings(settings)
    try:
        return await upgrade(database, to)
    except (DBAPIError, OSError) as error:
        raise Unavailable(
            f"the database does not answer ({clean(str(error.__cause__ or error))}); "
            "check FORTRESS_DATABASE_URL"
        ) from None
    finally:
        await database.close()
