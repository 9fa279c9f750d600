"""What fails is logged; the values that it failed with are people's, and are not."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database

VALUE = "somebody@example.com"


async def test_a_statement_that_fails_does_not_tell_its_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction() as connection:
            await connection.execute(
                text("SELECT nothing FROM person WHERE email = :e"), {"e": VALUE}
            )
    assert VALUE not in str(failed.value)
