"""Database users: one an app, with its grants and nothing else (`migrations.grants`).

Applied after each migration. What is there already stays, so that nobody at work is interrupted;
what is missing is granted, then what is no longer listed is revoked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from migrations.grants import FORMER, GRANTS, ON_MARIADB, Privilege
from migrations.grants import USERS as LISTED
from migrations.run import in_turn
from shared.db import Database
from shared.errors import Conflict, DomainError, Forbidden
from shared.telemetry.clean import clean

PREFIX: Final = "fortress_"
USERS: Final[Mapping[str, str]] = {app: f"{PREFIX}{app}" for app in LISTED}
"""App, or people → the name of its user."""
# The server's own words for what is everywhere, or in this database, and is on no list.
EVERYWHERE: Final = "*.*"
# Access denied to a command, a database, a table, the system tables; not allowed to grant.
DENIED: Final = {1044, 1045, 1142, 1227, 1410}
NO_PLUGIN: Final = {1524}

Held = dict[str, set[Privilege]]
"""What a user has: by table, by `*` for this database, by `*.*` for the server."""


@dataclass(frozen=True)
class Accounts:
    """How users sign in. `passwords`: app → password, and no user for who has none; without, by IAM
    on Aurora.

    `tls`: not without TLS; by IAM never. `prefix` and `host` tell users of several environments
    on one server apart.
    """

    passwords: Mapping[str, str] | None = field(default=None, repr=False)
    tls: bool = True
    prefix: str = PREFIX
    host: str = "%"

    def listed(self) -> list[str]:
        """Whose users there are to be."""
        return [app for app in LISTED if self.passwords is None or app in self.passwords]

    def name(self, app: str) -> str:
        """As statements and the server's tables have it."""
        return f"'{self.prefix}{app}'@'{self.host}'"

    def _identified(self) -> str:
        if self.passwords is None:
            return "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL"
        return f"IDENTIFIED BY :password REQUIRE {'SSL' if self.tls else 'NONE'}"

    def write(self, connection: Connection, app: str, *, known: bool) -> None:
        """Make the user of `app` if it is not known, and let it sign in in this way."""
        how = f"{self.name(app)} {self._identified()}"
        values = {} if self.passwords is None else {"password": self.passwords[app]}
        if not known:
            # Who may not see others' users knows none.
            connection.execute(text(f"CREATE USER IF NOT EXISTS {how}"), values)
        connection.execute(text(f"ALTER USER {how}"), values)


@dataclass
class Changes:
    """What was not as it should be: users by name, grants as statements."""

    made: list[str] = field(default_factory=list)
    granted: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        done = {"made": self.made, "granted": self.granted, "revoked": self.revoked}
        parts = [f"{len(items)} {verb}" for verb, items in done.items() if items]
        return f"users: {', '.join(parts) or 'as they should be'}"


async def apply(database: Database, accounts: Accounts) -> Changes:
    """Make the users and their grants what `migrations.grants` says; on SQLite nothing.

    The tables must be at the newest revision. Raises `Forbidden` where the database's own user may
    not make users, `Conflict` where a migration is under way.
    """
    changes = Changes()
    if database.is_sqlite:
        return changes
    async with database.engine.connect() as connection:
        try:
            await connection.run_sync(in_turn, lambda held: _apply(held, accounts, changes))
        except DBAPIError as error:
            raise _sentence(error) from None
        finally:
            await connection.invalidate()
    return changes


def _apply(connection: Connection, accounts: Accounts, changes: Changes) -> None:
    database = str(connection.scalar(text("SELECT DATABASE()")))
    known = _known(connection)
    grants = ON_MARIADB if getattr(connection.dialect, "is_mariadb", False) else GRANTS
    for app in accounts.listed():
        name = accounts.name(app)
        accounts.write(connection, app, known=name in known)
        if name not in known:
            changes.made.append(name)
        wanted: Held = {table: set(some) for table, some in grants[app].items() if some}
        held = _held(connection, name)
        changes.granted += _run(connection, "GRANT", database, _less(wanted, held), name)
        changes.revoked += _run(connection, "REVOKE", database, _less(held, wanted), name)
    for app in FORMER:
        if accounts.name(app) in known:
            connection.execute(text(f"DROP USER {accounts.name(app)}"))
            changes.revoked.append(f"DROP USER {accounts.name(app)}")


def _known(connection: Connection) -> set[str]:
    # Every user has a row here, if it is only USAGE.
    rows = connection.execute(text("SELECT grantee FROM information_schema.user_privileges"))
    return {grantee for (grantee,) in rows}


def _held(connection: Connection, name: str) -> Held:
    """What the user has, of privileges on the server, on this database, its tables, columns."""
    held: Held = defaultdict(set)
    levels = {
        "user_privileges": "'*.*', '', is_grantable",
        "schema_privileges": "'*', '', is_grantable",
        "table_privileges": "table_name, '', is_grantable",
        "column_privileges": "table_name, column_name, is_grantable",
    }
    for level, place in levels.items():
        where = "" if level == "user_privileges" else " AND table_schema = DATABASE()"
        rows = connection.execute(
            text(
                f"SELECT privilege_type, {place} FROM information_schema.{level}"  # noqa: S608 - constants
                f" WHERE grantee = :name{where}"
            ),
            {"name": name},
        )
        for privilege, table, column, grantable in rows:
            if privilege != "USAGE":
                held[table].add((privilege, column))
            if grantable == "YES":
                held[table].add(("GRANT OPTION", ""))
    return held


def _less(one: Held, other: Held) -> Held:
    return {table: some - other.get(table, set()) for table, some in one.items()}


def _run(connection: Connection, verb: str, database: str, what: Held, name: str) -> list[str]:
    towards = "TO" if verb == "GRANT" else "FROM"
    done = []
    for table, some in sorted(what.items()):
        if some:
            where = table if table == EVERYWHERE else f"{_quoted(database)}.{_place(table)}"
            done.append(f"{verb} {_listed(some)} ON {where} {towards} {name}")
            connection.execute(text(done[-1]))
    return done


def _listed(some: Iterable[Privilege]) -> str:
    """`SELECT, UPDATE (a, b)`."""
    whole = sorted(privilege for privilege, column in some if not column)
    columns: dict[str, list[str]] = defaultdict(list)
    for privilege, column in sorted(some):
        if column:
            columns[privilege].append(_quoted(column))
    parts = [f"{privilege} ({', '.join(named)})" for privilege, named in columns.items()]
    return ", ".join(whole + parts)


def _place(table: str) -> str:
    return table if table == "*" else _quoted(table)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _sentence(error: DBAPIError) -> DomainError:
    """What to do about it. Never with the values of the statement: one is a password."""
    arguments = error.orig.args if error.orig is not None else ()
    number = arguments[0] if arguments else None
    if number in DENIED:
        return Forbidden(
            "the user of FORTRESS_DATABASE_URL may not make users or give them rights "
            f"({clean(str(error.orig))}); use one with CREATE USER and GRANT OPTION, "
            "or leave FORTRESS_DATABASE_USERS out"
        )
    if number in NO_PLUGIN:
        return Conflict(
            "this server knows no IAM tokens; turn IAM authentication of the cluster on, "
            "or set FORTRESS_DATABASE_USERS=password"
        )
    return Conflict(
        f"the apps' database users are not as they should be ({clean(str(error.orig))}); "
        "migrate again"
    )
