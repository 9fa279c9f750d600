"""Create device_event."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    steps.create_table(
        "device_event",
        sa.Column(
            "device_id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("ts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "boot",
            sa.BigInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_ts", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_device_event_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_device_event_org_id")
        ),
        sa.PrimaryKeyConstraint("device_id", "ts", "boot", "seq", name=op.f("pk_device_event")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_device_event_org_id_name_ts"),
        "device_event",
        ["org_id", "name", "ts"],
        unique=False,
    )
    steps.create_index(
        op.f("ix_device_event_org_id_ts"), "device_event", ["org_id", "ts"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("device_event")
