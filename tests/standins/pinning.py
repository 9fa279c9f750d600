"""What makes RDS Proxy for MySQL pin a client to one backend connection until it leaves.

Source: "Avoiding pinning an RDS Proxy", conditions for MySQL. A variable that is not on the list
of tracked ones pins, so a SET that is not understood here counts as pinning.
"""

import re

LARGEST = 16 * 1024
TRACKED = frozenset(
    {
        "AUTOCOMMIT",
        "CHARACTER_SET_CLIENT",
        "CHARACTER_SET_CONNECTION",
        "CHARACTER_SET_DATABASE",
        "CHARACTER_SET_RESULTS",
        "CHARACTER_SET_SERVER",
        "COLLATION_CONNECTION",
        "COLLATION_DATABASE",
        "COLLATION_SERVER",
        "INTERACTIVE_TIMEOUT",
        "NET_WRITE_TIMEOUT",
        "SQL_MODE",
        "TIME_ZONE",
        "TRANSACTION_ISOLATION",
        "TX_ISOLATION",
        "TRANSACTION_READ_ONLY",
        "TX_READ_ONLY",
        "WAIT_TIMEOUT",
    }
)

# A comment that the server executes: its words count.
_EXECUTED = re.compile(r"/\*M?!\d*(.*?)\*/", re.DOTALL)
# Literals, quoted names and comments say nothing of what a statement does.
_IGNORED = re.compile(
    r"""'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*`
    | /\*.*?\*/ | --\s[^\n]* | \#[^\n]*""",
    re.VERBOSE | re.DOTALL,
)
_RULES = (
    (re.compile(r"(?<!@)@(?!@)[\w.$?]"), "a user variable"),
    (re.compile(r"\b(PREPARE\s+\S+\s+FROM|EXECUTE\b|DEALLOCATE\s+PREPARE)"), "PREPARE in text"),
    (re.compile(r"\bLOCK\s+TABLES?\b"), "LOCK TABLES"),
    (re.compile(r"\bFLUSH\b.*\bWITH\s+READ\s+LOCK\b"), "FLUSH TABLES WITH READ LOCK"),
    (re.compile(r"\bGET_LOCK\s*\("), "GET_LOCK"),
    (re.compile(r"\bCREATE\s+(OR\s+REPLACE\s+)?TEMPORARY\b"), "CREATE TEMPORARY TABLE"),
)
_CHARSET = re.compile(r"(NAMES|CHARACTER\s+SET|CHARSET)\b")
_ISOLATION = re.compile(r"(SESSION|LOCAL)\s+TRANSACTION\b")
_ASSIGNMENT = re.compile(r"(?:@@)?(?:(?:SESSION|LOCAL)(?:\s+|\.))?(?:@@)?(\w+)\s*:?=")


def why_pinned(statement: bytes) -> str | None:
    """Why this text pins its client, or None."""
    if len(statement) > LARGEST:
        return f"text of {len(statement)} bytes (more than {LARGEST})"
    text = _EXECUTED.sub(r" \1 ", statement.decode("utf-8", "replace"))
    text = _IGNORED.sub("?", text).upper()
    for pattern, reason in _RULES:
        if pattern.search(text):
            return reason
    words = text.split(None, 1)
    if words and words[0] == "SET":
        return _why_set_pins(words[1])
    return None


def _why_set_pins(assignments: str) -> str | None:
    if _ISOLATION.match(assignments):
        return None
    for assignment in (part.strip() for part in assignments.split(",")):
        if _CHARSET.match(assignment):
            continue
        named = _ASSIGNMENT.match(assignment)
        if named is None or named[1] not in TRACKED:
            return f"SET of an untracked variable: {named[1] if named else assignment[:40]}"
    return None
