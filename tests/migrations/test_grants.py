"""The table of grants: a decision of each app for each table."""

import re

import pytest

from migrations.grants import (
    APPS,
    BESIDES,
    GRANTS,
    KEYS,
    MEANS,
    ON_MARIADB,
    PEOPLE,
    TABLES,
    USERS,
    privileges,
)
from scripts.lock import APPS as LOCKED
from shared.models import Base

ALL = set(Base.metadata.tables) | {"alembic_version"}
# Who runs with a database, but as somebody else: everything in one process, and whoever migrates.
OTHERS = {"local", "migrations", "fleet"}


def test_every_table_has_a_decision_of_every_app() -> None:
    assert {app: set(tables) for app, tables in GRANTS.items()} == dict.fromkeys(USERS, ALL)


def test_every_app_that_runs_by_itself_has_a_user() -> None:
    assert set(APPS) == set(LOCKED) - OTHERS


def test_every_word_is_used_and_every_key_is_needed() -> None:
    used = set(re.findall(r"\S+", TABLES)) - ALL - set(USERS)
    assert used == set(MEANS)
    assert set(MEANS) >= set(BESIDES)
    assert set(KEYS) < ALL


@pytest.mark.parametrize("app", USERS)
def test_columns_are_those_of_their_tables(app: str) -> None:
    for table, some in GRANTS[app].items():
        columns = {column for _, column in some if column}
        assert not columns or columns <= set(Base.metadata.tables[table].columns.keys())


@pytest.mark.parametrize("app", USERS)
def test_on_mariadb_a_user_has_what_it_has_on_mysql_and_whole_tables_besides(app: str) -> None:
    for table, some in GRANTS[app].items():
        there = ON_MARIADB[app][table]
        assert all(one in there or (one[0], "") in there for one in some)
        assert there - some <= {(privilege, "") for privilege in BESIDES.values()}


# What signs somebody in, what was tried, answers that are remembered: nothing to look at.
CLOSED = {
    "attempt",
    "idempotency_key",
    "mail_token",
    "session",
    "sign_in_code",
    "spent_challenge",
}


def test_people_see_every_column_but_what_proves_somebody_and_remembered_answers() -> None:
    hidden = set()
    for table in Base.metadata.tables.values():
        some = GRANTS[PEOPLE].get(table.name, frozenset())
        assert {privilege for privilege, _ in some} <= {"SELECT"}
        if ("SELECT", "") not in some:
            seen = {column for _, column in some}
            hidden |= {f"{table.name}.{column.name}" for column in table.columns} - {
                f"{table.name}.{column}" for column in seen
            }
    assert {name for name in hidden if name.partition(".")[0] not in CLOSED} == {
        "api_key.secret_hash",
        "device_credential.token_hash",
        "invitation.token_hash",
        "person.created_at",
        "person.mail_proved_at",
        "person.password_changed_at",
        "person.password_hash",
        "recovery_code.code_hash",
        "sso_connection.client_secret",
        "sso_identity.token_hash",
        "totp.last_step",
        "totp.secret",
    }


def test_no_app_changes_the_audit_and_only_retention_removes_from_it() -> None:
    held = {
        (app, table, privilege)
        for app in USERS
        for table in ("audit_entry", "audit_personal", "audit_seal", "audit_chain")
        for privilege, _ in GRANTS[app][table] | ON_MARIADB[app][table]
        if privilege not in {"SELECT", "INSERT"}
    }
    assert held == {
        # The chain's end moves with each entry, and is signed.
        ("administration", "audit_chain", "UPDATE"),
        ("administration", "audit_entry", "DELETE"),
        ("administration", "audit_personal", "DELETE"),
        ("administration", "audit_seal", "DELETE"),
    }


def test_a_list_of_privileges_is_read_as_sql_has_it() -> None:
    assert privileges("SELECT, UPDATE (a, b)") == {("SELECT", ""), ("UPDATE", "a"), ("UPDATE", "b")}
    assert privileges("") == frozenset()


@pytest.mark.parametrize("text", ["select", "SELECT (a", "SELECT;", "SELECT INSERT,"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a list of privileges"):
        privileges(text)
