"""Pages of rows that lie by device time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

Columns = Sequence[Any]


def behind(columns: Columns, position: Sequence[int], *, descending: bool) -> ColumnElement[bool]:
    """Rows that come after `position` when sorted by `columns`.

    Spelled out and with a bound on the first column alone: MySQL finds no range in
    (a, b) > (x, y).
    """
    first, bound = columns[0], position[0]
    return and_(
        first <= bound if descending else first >= bound, _after(columns, position, descending)
    )


def _after(columns: Columns, position: Sequence[int], descending: bool) -> ColumnElement[bool]:
    column, bound = columns[0], position[0]
    further: ColumnElement[bool] = column < bound if descending else column > bound
    if len(columns) == 1:
        return further
    rest = _after(columns[1:], position[1:], descending)
    return or_(further, and_(column == bound, rest))


def ordering(columns: Columns, *, descending: bool) -> list[ColumnElement[Any]]:
    return [column.desc() if descending else column.asc() for column in columns]


def page_body(items: Sequence[str], cursor: str | None) -> bytes:
    """A page as JSON, of items that are JSON already: what was stored goes out as it is."""
    end = "null" if cursor is None else f'"{cursor}"'
    return f'{{"items":[{",".join(items)}],"next":{end}}}'.encode()
