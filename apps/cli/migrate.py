"""`fortress migrate`."""

import asyncio
from typing import Annotated

import typer

from apps.cli.output import Json, document, examples, facts
from apps.local.settings import load_local
from shared.settings import Settings, load

app = typer.Typer()


@app.command("migrate", epilog=examples("fortress migrate", "fortress migrate --to 0011 --json"))
def migrate(
    to: Annotated[str, typer.Option(help="The revision to go up to.")] = "head",
    *,
    as_json: Json = False,
) -> None:
    """Bring the database's tables up to date. Two at a time are refused."""
    (before, after), users = asyncio.run(_migrate(load_local(), to))
    if as_json:
        document({"from": before, "to": after} | ({"users": users} if users else {}))
    else:
        facts({"from": before or "nothing", "to": after}, users)


async def _migrate(settings: Settings, to: str) -> tuple[tuple[str | None, str | None], str]:
    # Alembic takes long to import, and every command would wait for it.
    from migrations.__main__ import migrate  # noqa: PLC0415 - as said above
    from migrations.settings import MigrationsSettings  # noqa: PLC0415 - the same

    common = {name: getattr(settings, name) for name in Settings.model_fields}
    return await migrate(load(MigrationsSettings, **common), to)
