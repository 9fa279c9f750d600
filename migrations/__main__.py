"""`python -m migrations [revision]`: brings the database's tables up to date, and ends.

What a container runs once before the apps of a version start. Exit code 0 when the tables are at
the revision, 1 with one sentence on stderr when they are not.
"""

import asyncio
import sys

from sqlalchemy.exc import DBAPIError

from migrations.run import Move, upgrade
from shared.db import Database
from shared.errors import DomainError, Unavailable
from shared.settings import Settings, load
from shared.telemetry.clean import clean


async def migrate(settings: Settings, revision: str) -> Move:
    """Like `upgrade`, on a database of its own; one that does not answer is `Unavailable`."""
    database = Database.from_settings(settings)
    try:
        return await upgrade(database, revision)
    except (DBAPIError, OSError) as error:
        raise Unavailable(
            f"the database does not answer ({clean(str(error.__cause__ or error))}); "
            "check FORTRESS_DATABASE_URL"
        ) from None
    finally:
        await database.close()


def main() -> int:
    revision = sys.argv[1] if len(sys.argv) > 1 else "head"
    try:
        before, after = asyncio.run(migrate(load(Settings), revision))
    except DomainError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    sys.stdout.write(f"migrated from {before or 'nothing'} to {after}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
