"""Writes docs/permissions.md from the one table, shared/auth/permissions.py.

Run `.venv/bin/python -m scripts.document_permissions` after changing it; a test compares.
"""

from pathlib import Path

from shared.auth.permissions import PERMISSIONS, ROLES

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "permissions.md"
BEFORE = """\
# Who may do what

<!-- written by scripts/document_permissions.py from shared/auth/permissions.py -->

A person has one role in each organisation that they belong to; an API key has scopes. Both are made
of the same permissions. Routes, pages, keys and this page take them from one table.
"""
AFTER = """\
`key`: an API key may have it as a scope. What decides about people is for people only.

An organisation makes roles of its own from the same permissions. Nobody hands out, or takes away,
what they may not do themselves: so only an owner makes an owner. An organisation always has one.
"""


def document() -> str:
    """The page: what each permission lets do, and which role has it."""
    head = ["permission", "lets", *ROLES, "key"]
    rows = [
        [
            f"`{name}`",
            one.sentence,
            *("yes" if name in has else "" for has in ROLES.values()),
            "yes" if one.key else "",
        ]
        for name, one in PERMISSIONS.items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{BEFORE}\n{table}\n\n{AFTER}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
