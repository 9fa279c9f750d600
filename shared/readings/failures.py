"""What an error of the database means for a batch."""

from enum import Enum, auto
from typing import Final

import aiomysql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(Enum):
    """`again`: the same batch on the same connection. `reconnect`: on a new one, later.
    `poison`: the database refuses a value; find the row.
    """

    again = auto()
    reconnect = auto()
    poison = auto()


# Lock wait timeout, deadlock.
_AGAIN: Final = {1205, 1213}
# A value, a key or a check that the database refuses.
_POISON: Final = {
    1048, 1062, 1265, 1264, 1292, 1366, 1406, 1416, 1425, 1452, 1526, 1690,
    3140, 3141, 3143, 3144, 3156, 3157, 3819, 4025,
}  # fmt: skip


def classify(error: BaseException) -> Failure:
    """What to do about `error`. What is unknown is tried again: nothing is given up."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    number = _number(origin)
    if number in _AGAIN or "database is locked" in str(origin):
        return Failure.again
    if number in _POISON or isinstance(origin, aiomysql.DataError):
        return Failure.poison
    if isinstance(origin, aiomysql.IntegrityError) or _sqlite_refuses(origin):
        return Failure.poison
    return Failure.reconnect


def is_database_error(error: BaseException) -> bool:
    """Whether `error` came from the database or the way to it, not from a bug of ours."""
    kinds = (DBAPIError, aiomysql.MySQLError, PoolTimeout, OSError, TimeoutError)
    return isinstance(error, kinds)


def name(error: BaseException) -> str:
    """A short name for counting `error`: the server's number for it, or else its class."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(_number(origin) or type(origin).__name__)


def _number(origin: BaseException | None) -> int | None:
    first = origin.args[0] if origin is not None and origin.args else None
    return first if isinstance(first, int) else None


def _sqlite_refuses(origin: BaseException | None) -> bool:
    return type(origin).__name__ == "IntegrityError"
