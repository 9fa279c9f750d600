"""Create usage_event."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps
from shared.models.base import Quantity

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    steps.create_table(
        "usage_event",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("meter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "device_id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "boot",
            sa.BigInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", Quantity(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_usage_event_device_id")
        ),
        sa.ForeignKeyConstraint(["meter_id"], ["meter.id"], name=op.f("fk_usage_event_meter_id")),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_usage_event_org_id")
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "meter_id", "ts", "device_id", "boot", "seq", name=op.f("pk_usage_event")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_usage_event_org_id_meter_id_device_id_ts"),
        "usage_event",
        ["org_id", "meter_id", "device_id", "ts"],
        unique=False,
    )


def downgrade() -> None:
    steps.drop_table("usage_event")
