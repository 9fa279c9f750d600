"""`fortress migrate`."""

import asyncio
from typing import Annotated

import typer

from apps.cli.output import Json, document, examples, facts
from apps.local.settings import load_local
from shared.settings import Settings

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
    from migrations.__main__ import migrate  # noqa: PLC0415 - as said above

    return await migrate(settings, to)
