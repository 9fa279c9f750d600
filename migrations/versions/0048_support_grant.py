"""Create support_grant."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    steps.create_table(
        "support_grant",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("public_id", sa.String(length=31), nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("granted_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_support_grant_org_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_grant")),
        sa.UniqueConstraint("public_id", name=op.f("uq_support_grant_public_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_support_grant_org_id_expires_at"),
        "support_grant",
        ["org_id", "expires_at"],
        unique=False,
    )


def downgrade() -> None:
    steps.drop_table("support_grant")
