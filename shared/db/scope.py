"""The one way to query a tenant table: through the organisation it belongs to."""

from typing import Any, TypeVar

from sqlalchemy import Delete, Select, Update

# Select[*tuple[Any, ...]]: a select of any columns.
Statement = TypeVar("Statement", bound=Select[*tuple[Any, ...]] | Update | Delete)


def scoped(org_id: int, statement: Statement) -> Statement:
    """`statement` limited to the rows of one organisation.

    The statement's first entity (select) or its table (update, delete) must have an `org_id`.
    """
    limited: Any = statement  # each kind's `where` returns its own kind
    if isinstance(statement, Select):
        entity = statement.column_descriptions[0]["entity"]
        return limited.where(entity.org_id == org_id)  # type: ignore[no-any-return]  # as above
    return limited.where(limited.table.c.org_id == org_id)  # type: ignore[no-any-return]  # as above
