"""Create usage_hour."""

import sqlalchemy as sa
from alembic import op

from migrations import steps

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    steps.create_table(
        "usage_hour",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("meter", sa.String(length=64), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_usage_hour_org_id")),
        sa.PrimaryKeyConstraint("org_id", "meter", "hour", "task", name=op.f("pk_usage_hour")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    steps.drop_table("usage_hour")
