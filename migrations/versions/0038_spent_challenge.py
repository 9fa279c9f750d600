"""Create spent_challenge."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    steps.create_table(
        "spent_challenge",
        sa.Column(
            "challenge_hash",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_spent_challenge")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_spent_challenge_expires_at"), "spent_challenge", ["expires_at"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("spent_challenge")
