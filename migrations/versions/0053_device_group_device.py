"""Create device_group_device."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    steps.create_table(
        "device_group_device",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "device_id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_device_group_device_org_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["device_group.id"], name=op.f("fk_device_group_device_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_device_group_device_device_id")
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "group_id", "device_id", name=op.f("pk_device_group_device")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_device_group_device_group_id"), "device_group_device", ["group_id"], unique=False
    )
    steps.create_index(
        op.f("ix_device_group_device_device_id"), "device_group_device", ["device_id"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("device_group_device")
