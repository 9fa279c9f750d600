"""Create attempt."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    steps.create_table(
        "attempt",
        sa.Column(
            "subject",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "since", name=op.f("pk_attempt")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(op.f("ix_attempt_since"), "attempt", ["since"], unique=False)


def downgrade() -> None:
    steps.drop_table("attempt")
