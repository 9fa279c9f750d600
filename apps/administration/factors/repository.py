"""Queries about what people prove themselves with."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.dialect import lock_rows
from shared.ids import digest
from shared.models import Passkey, Person, RecoveryCode, Totp


async def hold(session: AsyncSession, person_id: int) -> Person:
    """The person, whose factors change one behind the other until the transaction ends."""
    query = lock_rows(select(Person).where(Person.id == person_id))
    return (await session.scalars(query)).one()


async def email(session: AsyncSession, person_id: int) -> str:
    """Where a person is written to."""
    return (await session.scalars(select(Person.email).where(Person.id == person_id))).one()


async def totp(session: AsyncSession, person_id: int) -> Totp | None:
    found: Totp | None = await session.scalar(select(Totp).where(Totp.person_id == person_id))
    return found


async def count_step(session: AsyncSession, person_id: int, step: int) -> bool:
    """Let the code of this step count; false: it, or a later one, counted already."""
    return await _changed(
        session,
        # One statement, so that of two at once only one finds it unused.
        update(Totp)
        .where(Totp.person_id == person_id, Totp.last_step < step)
        .values(last_step=step),
    )


async def use_recovery_code(
    session: AsyncSession, person_id: int, code: str, now: datetime
) -> bool:
    """Let the code count; false: it is none of theirs, or was used."""
    return await _changed(
        session,
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == digest(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now),
    )


async def recovery_codes_left(session: AsyncSession, person_id: int) -> int:
    left = select(func.count()).where(
        RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    )
    return await session.scalar(left) or 0


async def replace_recovery_codes(
    session: AsyncSession, person_id: int, codes: Iterable[str], now: datetime
) -> None:
    """Those that there were are of no use any more."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    session.add_all(
        RecoveryCode(person_id=person_id, code_hash=digest(code), created_at=now) for code in codes
    )
    await session.flush()


async def passkeys(session: AsyncSession, person_id: int) -> Sequence[Passkey]:
    """In the order in which they were added."""
    query = select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)
    return (await session.scalars(query)).all()


async def passkey(session: AsyncSession, person_id: int, public_id: str) -> Passkey | None:
    found: Passkey | None = await session.scalar(
        select(Passkey).where(Passkey.person_id == person_id, Passkey.public_id == public_id)
    )
    return found


async def passkey_of(session: AsyncSession, credential_id: bytes) -> tuple[Passkey, Person] | None:
    """The passkey with this credential, and whose it is: somebody who may sign in."""
    row = (
        await session.execute(
            select(Passkey, Person)
            .join(Person, Person.id == Passkey.person_id)
            .where(
                Passkey.credential_id == credential_id,
                Person.disabled.is_(False),
                Person.erased_at.is_(None),
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def count_use(session: AsyncSession, passkey_id: int, count: int, now: datetime) -> bool:
    """Note a use; false where the authenticator's count did not go up. Some do not count: 0."""
    goes_up = Passkey.sign_count < count if count else Passkey.sign_count == 0
    return await _changed(
        session,
        update(Passkey)
        .where(Passkey.id == passkey_id, goes_up)
        .values(sign_count=count, last_used_at=now),
    )


async def remove_passkey(session: AsyncSession, row: Passkey) -> None:
    await session.execute(delete(Passkey).where(Passkey.id == row.id))


async def _changed(session: AsyncSession, statement: Update) -> bool:
    done: Any = await session.execute(statement.execution_options(synchronize_session=False))
    return bool(done.rowcount)
