"""What the database can do by itself: the same rows, one connection, statements of 2,000 rows."""

import time

import aiomysql
from sqlalchemy.engine import make_url

from shared.db.bulk import statements
from shared.readings.rows import READINGS

ROWS = 2_000
BODY = b'{"temp":21.5,"hum":44.25,"co2":612,"ok":true}'


async def own_rate(database_url: str, count: int, body: bytes = BODY) -> float:
    """Rows a second, each with `body`, that MariaDB inserts into a table like `reading`."""
    url = make_url(database_url)
    connection = await aiomysql.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password or "",
        db=url.database,
    )
    try:
        await connection.query(b"DROP TABLE IF EXISTS own_rate")
        await connection.query(b"CREATE TABLE own_rate LIKE reading")
        batches = _batches(count, body)
        began = time.perf_counter()
        for batch in batches:
            await connection.query(batch)
            await connection.commit()
        seconds = time.perf_counter() - began
        await connection.query(b"DROP TABLE own_rate")
    finally:
        connection.close()
    return count / seconds


def _batches(count: int, body: bytes) -> list[bytes]:
    now = time.time_ns() // 1_000_000
    result = []
    for start in range(0, count, ROWS):
        rows = [
            (number % 200, now + number // 200, 1, number, now, body)
            for number in range(start, start + ROWS)
        ]
        for statement in statements(READINGS, sorted(rows)):
            plain = statement.split(b" ON DUPLICATE", 1)[0]
            result.append(plain.replace(b"`reading`", b"`own_rate`"))
    return result
