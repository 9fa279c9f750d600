"""Create usage_device."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    steps.create_table(
        "usage_device",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quarter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "device_id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_usage_device_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_usage_device_org_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "quarter", "device_id", name=op.f("pk_usage_device")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    steps.drop_table("usage_device")
