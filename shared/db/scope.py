"""The one way to query a tenant table: through the organisation it belongs to."""

from typing import Any, TypeVar

from sqlalchemy import Delete, Select, Update

Statement = TypeVar("Statement", Select[Any], Update, Delete)


def scoped(org_id: int, statement: Statement) -> Statement:
    """`statement` limited to the rows of one organisation.

    The statement's first entity (select) or its table (update, delete) must have an `org_id`.
    """
    if isinstance(statement, Select):
        entity = statement.column_descriptions[0]["entity"]
        return statement.where(entity.org_id == org_id)
    return statement.where(statement.table.c.org_id == org_id)
