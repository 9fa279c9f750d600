"""`python -m migrations [revision]`: brings the database's tables up to date, and ends.

What a container runs once before the apps of a version start. Exit code 0 when the tables are at
the revision, 1 with one sentence on stderr when they are not. With FORTRESS_DATABASE_USERS it also
makes the apps' database users, once the tables are at the newest revision.
"""

import asyncio
import sys

from sqlalchemy.exc import DBAPIError

from migrations.run import Move, head, upgrade
from migrations.settings import DatabaseUsers, MigrationsSettings
from migrations.users import Accounts, apply
from shared.db import Database
from shared.errors import DomainError, Unavailable
from shared.settings import load
from shared.telemetry.clean import clean


async def migrate(settings: MigrationsSettings, revision: str) -> tuple[Move, str]:
    """`upgrade` on a database of its own, then its users; returns what `upgrade` does, and what
    was done about users.

    A database that does not answer is `Unavailable`.
    """
    database = Database.from_settings(settings)
    try:
        moved = await upgrade(database, revision)
        return moved, await _users(database, settings, moved[1])
    except (DBAPIError, OSError) as error:
        raise Unavailable(
            f"the database does not answer ({clean(str(error.__cause__ or error))}); "
            "check FORTRESS_DATABASE_URL"
        ) from None
    finally:
        await database.close()


async def _users(database: Database, settings: MigrationsSettings, at: str | None) -> str:
    if settings.database_users is None or database.is_sqlite:
        return ""
    if at != head():
        return "users: left as they are until the tables are at the newest revision"
    by_iam = settings.database_users is DatabaseUsers.iam
    accounts = Accounts(
        passwords=None if by_iam else settings.user_passwords(),
        tls=by_iam or settings.database_ca is not None,
    )
    return str(await apply(database, accounts))


def main() -> int:
    revision = sys.argv[1] if len(sys.argv) > 1 else "head"
    try:
        (before, after), users = asyncio.run(migrate(load(MigrationsSettings), revision))
    except DomainError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    sys.stdout.write(f"migrated from {before or 'nothing'} to {after}\n")
    if users:
        sys.stdout.write(f"{users}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
