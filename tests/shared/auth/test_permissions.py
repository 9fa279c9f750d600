"""The one table of permissions, and what comes from it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.document_permissions import DOCUMENT, document
from shared.auth import scopes
from shared.auth.permissions import PERMISSIONS, ROLES, SCOPES, excess, permitted
from shared.auth.principal import NotFresh, Principal, is_fresh

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sets(st.sampled_from([*PERMISSIONS, "things:eat"]))


def test_the_document_is_written_from_the_table() -> None:
    assert DOCUMENT.read_text("utf-8") == document()


def test_scopes_are_the_permissions_that_a_key_may_have() -> None:
    assert scopes.SCOPES is SCOPES
    assert set(SCOPES) == {name for name, one in PERMISSIONS.items() if one.key}


def test_there_are_seven_roles_of_known_permissions() -> None:
    known = ["owner", "administrator", "operator", "analyst", "finance", "marketing", "viewer"]
    assert list(ROLES) == known
    assert all(has <= PERMISSIONS.keys() for has in ROLES.values())


def test_a_permission_ends_in_what_is_done_and_its_sentence_begins_small() -> None:
    for name, one in PERMISSIONS.items():
        assert name.partition(":")[2] in {"read", "write", "delete"}, name
        assert one.sentence[0].islower(), name
        assert not one.sentence.endswith("."), name


def test_only_an_owner_may_do_everything() -> None:
    assert [role for role, has in ROLES.items() if has == PERMISSIONS.keys()] == ["owner"]


def test_no_key_decides_about_people() -> None:
    about_people = {"people:read", "people:write", "roles:write", "support:write", "sign_in:write"}
    assert not about_people & SCOPES.keys()


@pytest.mark.parametrize("role", ["operator", "analyst", "finance", "marketing", "viewer"])
def test_who_runs_nothing_decides_about_nobody(role: str) -> None:
    assert not {"people:write", "keys:write", "roles:write", "audit:read"} & ROLES[role]


def test_who_may_write_may_read() -> None:
    writes = {name for name in PERMISSIONS if name.endswith(":write")}
    for has in ROLES.values():
        for name in writes & has:
            read = name.replace(":write", ":read")
            assert read in has or read not in PERMISSIONS


@given(NAMES)
def test_a_role_of_ones_own_permits_what_it_lists_and_is_known(custom: set[str]) -> None:
    assert permitted("role_X", custom) == custom & PERMISSIONS.keys()


@given(NAMES)
def test_a_built_in_role_is_what_it_is(custom: set[str]) -> None:
    assert permitted("viewer", custom) == ROLES["viewer"]


def test_a_role_that_is_gone_permits_nothing() -> None:
    assert permitted("role_X") == frozenset()


@given(NAMES, NAMES)
def test_nobody_hands_out_what_they_have_not(wanted: set[str], own: set[str]) -> None:
    assert set(excess(wanted, own)) == wanted - own
    assert excess(own, own) == []


def test_an_administrator_makes_no_owner() -> None:
    assert excess(ROLES["owner"], ROLES["administrator"]) == ["organisation:delete"]


@given(st.timedeltas(timedelta(0), timedelta(days=1)))
def test_a_factor_is_fresh_for_its_time(age: timedelta) -> None:
    within = timedelta(minutes=10)
    assert is_fresh(NOW - age, NOW, within) == (age <= within)


def test_a_person_who_signed_in_long_ago_is_asked_again() -> None:
    person = Principal(1, "org_1", "usr_1", frozenset(), person_id=1, sign_in_id=1, fresh_at=NOW)
    person.require_fresh(NOW, timedelta(minutes=10))
    with pytest.raises(NotFresh, match="confirm that it is you"):
        person.require_fresh(NOW + timedelta(minutes=11), timedelta(minutes=10))


def test_a_key_is_always_fresh() -> None:
    Principal(1, "org_1", "key_1", frozenset(), key_id=1).require_fresh(NOW, timedelta(0))
