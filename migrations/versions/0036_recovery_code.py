"""Create recovery_code."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    steps.create_table(
        "recovery_code",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "code_hash",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint(
            "person_id", "code_hash", name=op.f("uq_recovery_code_person_id_code_hash")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    steps.drop_table("recovery_code")
