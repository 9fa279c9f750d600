import pytest

from tests.standins.pinning import why_pinned


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT @@version, @@session.sql_mode",
        "SET NAMES utf8mb4",
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'",
        "SET CHARACTER SET utf8mb4",
        "SET AUTOCOMMIT = 0",
        "SET @@session.time_zone = '+00:00', sql_mode='ANSI,STRICT_ALL_TABLES'",
        "SET SESSION wait_timeout=10",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET LOCAL transaction_read_only = 1",
        "BEGIN",
        "ROLLBACK",
        "SELECT id FROM job ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED",
        "INSERT INTO note VALUES ('me@example.com', 'LOCK TABLES', \"GET_LOCK()\", 'it''s @me')",
        "SELECT `@odd` FROM t -- @comment",
        "SELECT 1 /* @comment CREATE TEMPORARY TABLE */ # @comment",
        "CREATE TABLE t (n INT)",
        f"SELECT '{'x' * (16 * 1024 - 9)}'",
    ],
)
def test_this_does_not_pin(statement: str) -> None:
    assert why_pinned(statement.encode()) is None


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (f"SELECT '{'x' * (16 * 1024 - 8)}'", "text of 16385 bytes"),
        ("SELECT @n := @n + 1", "a user variable"),
        ("SELECT 1 INTO @n", "a user variable"),
        ("set @n = 1", "a user variable"),
        ("PREPARE s FROM 'SELECT 1'", "PREPARE in text"),
        ("EXECUTE s", "PREPARE in text"),
        ("LOCK TABLES device WRITE", "LOCK TABLES"),
        ("lock  table device read", "LOCK TABLES"),
        ("FLUSH TABLES device WITH READ LOCK", "FLUSH TABLES WITH READ LOCK"),
        ("SELECT GET_LOCK('a', 1)", "GET_LOCK"),
        ("DO get_lock ('a', 1)", "GET_LOCK"),
        ("CREATE TEMPORARY TABLE t (n INT)", "CREATE TEMPORARY TABLE"),
        ("CREATE OR REPLACE TEMPORARY TABLE t (n INT)", "CREATE TEMPORARY TABLE"),
        ("CREATE /*!40000 TEMPORARY */ TABLE t (n INT)", "CREATE TEMPORARY TABLE"),
        ("/*!40000 SET @n = 1 */", "a user variable"),
        ("SET SESSION lock_wait_timeout = 5", "SET of an untracked variable: LOCK_WAIT_TIMEOUT"),
        ("SET @@session.max_statement_time=1", "SET of an untracked variable: MAX_STATEMENT_TIME"),
        ("SET NAMES utf8mb4, foreign_key_checks = 0", "SET of an untracked variable"),
        ("SET STATEMENT max_statement_time=1 FOR SELECT 1", "SET of an untracked variable"),
        ("SET GLOBAL max_connections = 5", "SET of an untracked variable"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET of an untracked variable"),
    ],
)
def test_this_pins(statement: str, reason: str) -> None:
    assert (why_pinned(statement.encode()) or "").startswith(reason)
