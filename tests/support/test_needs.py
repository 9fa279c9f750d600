"""What statements need, and when a grant is used."""

import pytest

from tests.support.needs import Need, covers, needs


def plain(statement: str) -> set[tuple[str, str, tuple[str, ...]]]:
    """Needs without the words of what is read."""
    found = needs(statement)
    return {(n.table, n.privilege, () if n.privilege == "SELECT" else n.columns) for n in found}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT a FROM t JOIN `u` ON t.a = u.a", {("t", "SELECT", ()), ("u", "SELECT", ())}),
        (
            "SELECT a FROM t WHERE b = 'x FROM u' FOR UPDATE",
            {("t", "SELECT", ()), ("t", "LOCK", ())},
        ),
        ("SELECT a FROM t LOCK IN SHARE MODE", {("t", "SELECT", ())}),
        ("INSERT INTO `t` (`a`) VALUES (1)", {("t", "INSERT", ())}),
        ("INSERT INTO t (a) VALUES ('it''s') RETURNING a", {("t", "INSERT", ())}),
        (
            "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE b = VALUES(b), a = t.a",
            {
                ("t", "INSERT", ()),
                ("t", "SELECT", ()),
                ("t", "UPDATE", ("a",)),
                ("t", "UPDATE", ("b",)),
            },
        ),
        (
            "UPDATE t SET a=1, b=CASE WHEN (c = 2) THEN 3 END WHERE t.d = 4",
            {("t", "SELECT", ()), ("t", "UPDATE", ("a",)), ("t", "UPDATE", ("b",))},
        ),
        ("DELETE FROM t WHERE a IN (1, 2)", {("t", "DELETE", ()), ("t", "SELECT", ())}),
        ("SELECT name FROM information_schema.tables", set()),
        ("SET NAMES utf8mb4", set()),
    ],
)
def test_a_statement_needs(statement: str, expected: set[object]) -> None:
    assert plain(statement) == expected


def test_what_it_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="what does this need"):
        needs("TRUNCATE reading")


def test_a_row_is_locked_by_who_may_change_or_delete_it() -> None:
    lock = Need("t", "LOCK")
    assert covers({("SELECT", ""), ("DELETE", "")}, lock)
    assert not covers({("SELECT", ""), ("UPDATE", "a")}, lock)


def test_a_column_is_changed_by_who_may_change_it() -> None:
    assert covers({("UPDATE", "a")}, Need("t", "UPDATE", ("a",)))
    assert not covers({("UPDATE", "a")}, Need("t", "UPDATE", ("b",)))


def test_a_grant_is_used_by_what_needs_it() -> None:
    assert Need("t", "SELECT", ("a", "select")).uses("t", "SELECT", "a")
    assert not Need("t", "SELECT", ("a", "select")).uses("t", "SELECT", "b")
    assert not Need("t", "SELECT", ("a",)).uses("u", "SELECT", "")
