"""What each app may do with each table: the one table of it.

Each app signs in as a database user of its own, which has what stands here and nothing else. It was
read off the statements that the apps send, and `make test-users` runs them as these users: what
is missing fails a test, and so does what no test ever needs. A new table needs a line, a new app
a column.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Beside the six web apps and ingest: `cli`, the fortress command as a task of its own.
APPS: Final = (
    "api",
    "reporting",
    "administration",
    "billing",
    "loyalty",
    "dashboarding",
    "ingest",
    "cli",
)
# Who comes through the bastion: looks, sees no hash of a secret, and changes nothing.
PEOPLE: Final = "people"
USERS: Final = (*APPS, PEOPLE)
# Apps that there were once: their users are dropped.
FORMER: Final[tuple[str, ...]] = ()

# The owner of a table has the whole of it; others change single columns. MySQL lets nobody lock a
# row who may neither change nor delete it. {key}: see KEYS.
MEANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "-": "",
        "read": "SELECT",
        "add": "INSERT",
        "make": "SELECT, INSERT",
        "change": "SELECT, UPDATE",
        "keep": "SELECT, INSERT, UPDATE",
        "give": "SELECT, INSERT, DELETE",
        "own": "SELECT, INSERT, UPDATE, DELETE",
        # Answers that are remembered for a day are forgotten by every app.
        "tidy": "SELECT, DELETE",
        # Insert, and leave a row with the same key alone: that sets a column to itself.
        "once": "SELECT, INSERT, UPDATE ({key})",
        "post": "SELECT ({key}), INSERT, UPDATE ({key})",
        "queue": "SELECT, INSERT, UPDATE ({key}), DELETE",
        # Checking a key notes when it was used. Nobody but administration ends keys or widens them.
        "check": "SELECT, UPDATE (last_used_at)",
        # Who makes tokens and ends them need not see the hashes of others.
        "issue": "SELECT (id, org_id, device_id, revoked_at), INSERT, UPDATE (revoked_at)",
        # Which keys and tokens there are, but not what would tell a right one from a wrong one.
        "list": "SELECT (id, public_id, org_id, name, prefix, scopes, created_at, expires_at,"
        " last_used_at, revoked_at, service_account_id)",
        "count": "SELECT (id, org_id, device_id, created_at, revoked_at)",
        # Several at once.
        "note": "INSERT",
        "replay": "SELECT, INSERT, UPDATE (public_id, replayed_ts)",
        "sum": "SELECT (count), INSERT, UPDATE (count)",
        # Who somebody is, not what proves it.
        "meet": "SELECT (id, public_id, email, name, disabled, erased_at, support_since)",
        # The command line makes an organisation's first people, and says who is of support. It
        # neither sees nor sets a password: it makes links.
        "appoint": "SELECT (id, public_id, email, name, disabled, erased_at, support_since),"
        " INSERT, UPDATE (support_since)",
        # Who is invited to what, but not what opens it.
        "invited": "SELECT (id, public_id, org_id, email, role, invited_by, created_at, expires_at,"
        " accepted_at, revoked_at)",
        # The command line ends what somebody lost; it sees nothing of it.
        "end": "SELECT (person_id), DELETE",
        # It leaves word in the queue, where it reads nothing (`insert_ignore`).
        "word": "SELECT (id), INSERT, UPDATE (id)",
        # Who has which factors, but not what they are made of.
        "has": "SELECT (id, person_id, created_at)",
        "spent": "SELECT (id, person_id, created_at, used_at)",
        # Which provider an organisation signs in with and who is who there, but no secret.
        "to_whom": "SELECT (id, public_id, org_id, issuer, client_id, role, enabled, enforced,"
        " created_at, updated_at)",
        "linked": "SELECT (id, public_id, org_id, issuer, subject, person_id, created_at,"
        " expires_at, linked_at, last_used_at)",
        # An app takes a sign-in on and can end it; only administration makes one or prolongs it.
        "follow": "SELECT, UPDATE (seen_at, ended_at)",
        "hold": "SELECT, INSERT, UPDATE (org_id, seen_at), DELETE",
        "redeem": "SELECT, UPDATE (used_at)",
        # Ingest splits the last partition of readings a week ahead.
        "split": "SELECT, INSERT, UPDATE (device_id), CREATE, ALTER",
    }
)
# What words mean besides on MariaDB, for the whole table. An insert may meet a row that is there:
# MySQL asks for UPDATE on what it then sets, MariaDB on every column of the insert. And MariaDB
# gives back the numbers of several rows, for which it asks whether each column may be read.
BESIDES: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("once", "post", "queue", "replay", "sum", "split", "word"), "UPDATE")
    | {"note": "SELECT"}
)
# What `insert_ignore` and `shared.readings.rows` set to itself where a row is there.
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reading": "device_id",
        "device_event": "device_id",
        "dead_letter": "public_id",
        "usage_device": "org_id",
        "job": "queue",
        "usage_event": "org_id",
        "entry": "id",
        "unclaimed_points": "org_id",
    }
)

TABLES: Final = """
                   api    reporting administration billing loyalty dashboarding ingest cli   people
organisation       read   read      change         read    read    read         read   make  read
api_key            check  check     keep           check   check   check        -      add   list
service_account    read   read      keep           read    read    read         -      -     read
person             meet   meet      keep           meet    meet    meet         -      appoint meet
membership         read   read      own            read    read    read         -      make  read
former_member      -      -         give           -       -       -            -      tidy  read
role               read   read      own            read    read    read         -      read  read
invitation         -      -         own            -       -       -            -      -     invited
sign_in            follow follow    own            follow  follow  follow       -      -     read
session            hold   hold      own            hold    hold    hold         -      -     -
sign_in_code       redeem redeem    give           redeem  redeem  redeem       -      -     -
mail_token         -      -         own            -       -       -            -      add   -
attempt            -      -         own            -       -       -            -      -     -
totp               -      -         own            -       -       -            -      end   has
recovery_code      -      -         own            -       -       -            -      end   spent
passkey            -      -         own            -       -       -            -      -     read
spent_challenge    -      -         give           -       -       -            -      -     -
audit_entry        note   note      give           note    note    note         -      note  read
audit_personal     add    add       give           add     add     add          -      add   read
audit_seal         -      -         give           -       -       -            -      -     read
audit_chain        -      -         keep           -       -       -            -      -     read
support_grant      read   read      keep           read    read    read         -      -     read
sso_connection     -      -         own            -       -       -            -      -     to_whom
mail_domain        -      -         own            -       -       -            -      -     read
sso_identity       -      -         own            -       -       -            -      -     linked
idempotency_key    own    own       own            own     own     tidy         -      -     -
device_profile     own    -         -              -       -       -            read   read  read
device             keep   read      -              read    read    read         read   make  read
device_tag         give   -         -              -       -       -            -      add   read
device_group       own    -         read           -       -       -            -      -     read
device_group_device give  read      -              read    read    read         -      -     read
membership_group   read   read      give           read    read    read         -      -     read
device_credential  issue  -         -              -       -       -            read   add   count
device_state       keep   read      -              -       -       read         keep   add   read
reading            once   read      -              -       -       -            split  -     read
device_event       once   read      -              read    read    -            once   -     read
dead_letter        replay -         -              -       -       -            post   -     read
usage_hour         sum    -         -              read    -       -            sum    -     read
usage_device       post   -         -              read    -       -            post   -     read
job                post   own       own            own     own     -            post   word  read
meter              -      -         -              keep    -       -            -      -     read
usage_event        -      -         -              once    -       -            -      -     read
programme          -      -         -              -       keep    -            -      -     read
member             -      -         -              -       keep    -            -      -     read
member_tag         -      -         -              -       give    -            -      -     read
earning_rule       -      -         -              -       keep    -            -      -     read
entry              -      -         -              -       once    -            -      -     read
lot                -      -         -              -       keep    -            -      -     read
allocation         -      -         -              -       add     -            -      -     read
unclaimed_points   -      -         -              -       queue   -            -      -     read
report_run         -      own       -              -       -       -            -      -     read
alembic_version    -      -         -              -       -       -            -      read  read
"""

# A privilege and the column that it is for; "" for the whole table.
Privilege = tuple[str, str]
Grants = Mapping[str, frozenset[Privilege]]
"""Table → what may be done with it."""

_PART = re.compile(r"([A-Z]+(?: [A-Z]+)*)(?: \(([a-z_, ]+)\))?(?:, |$)")


def privileges(text: str) -> frozenset[Privilege]:
    """What a text like `SELECT, UPDATE (a, b)` gives. Raises `ValueError` for another form."""
    found: set[Privilege] = set()
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(f"not a list of privileges: {text}")
        found |= {(part[1], column) for column in (part[2] or "").split(", ")}
        at = part.end()
    return frozenset(found)


def _cell(table: str, word: str, *, mariadb: bool) -> frozenset[Privilege]:
    text = MEANS[word]
    found = privileges(text.format(key=KEYS[table]) if "{key}" in text else text)
    if not (mariadb and word in BESIDES):
        return found
    whole = BESIDES[word]
    return frozenset(one for one in found if one[0] != whole) | {(whole, "")}


def _read(text: str, *, mariadb: bool) -> dict[str, Grants]:
    head, *lines = (line.split() for line in text.strip().splitlines())
    if tuple(head) != USERS:
        raise ValueError(f"the columns are {head}, the users {USERS}")
    if wrong := [line[0] for line in lines if len(line) != 1 + len(USERS)]:
        raise ValueError(f"a decision for each user is missing for {wrong[0]}")
    return {
        app: {line[0]: _cell(line[0], line[1 + place], mariadb=mariadb) for line in lines}
        for place, app in enumerate(USERS)
    }


GRANTS: Final[Mapping[str, Grants]] = MappingProxyType(_read(TABLES, mariadb=False))
"""User → table → privileges, none where it has none."""
ON_MARIADB: Final[Mapping[str, Grants]] = MappingProxyType(_read(TABLES, mariadb=True))
"""The same where the server is a MariaDB (see BESIDES)."""
