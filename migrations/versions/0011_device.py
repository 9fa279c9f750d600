"""Create device."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    steps.create_table(
        "device",
        sa.Column(
            "id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("public_id", sa.String(length=31), nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "profile_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_device_org_id")),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["device_profile.id"], name=op.f("fk_device_profile_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("org_id", "uid", "gone", name=op.f("uq_device_org_id_uid_gone")),
        sa.UniqueConstraint("public_id", name=op.f("uq_device_public_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_device_org_id_gone_id"), "device", ["org_id", "gone", "id"], unique=False
    )
    steps.create_index(
        op.f("ix_device_org_id_profile_id"), "device", ["org_id", "profile_id"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("device")
