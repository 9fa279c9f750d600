"""Create earning_rule."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import Quantity, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    steps.create_table(
        "earning_rule",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("public_id", sa.String(length=31), nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("member_field", sa.String(length=64), nullable=False),
        sa.Column("points_per_unit", Quantity(), nullable=False),
        sa.Column("rounding", sa.String(length=16), nullable=False),
        sa.Column("starts_ts", sa.BigInteger(), nullable=True),
        sa.Column("ends_ts", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("backfilled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_earning_rule_org_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_earning_rule_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earning_rule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_earning_rule_public_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_earning_rule_org_id_event"), "earning_rule", ["org_id", "event"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("earning_rule")
