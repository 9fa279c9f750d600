"""Create reading."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps
from shared.clock import SystemClock
from shared.db.partitions import definition, first_partitions

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    steps.create_table(
        "reading",
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
        sa.Column("received_ts", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "ts", "boot", "seq", name=op.f("pk_reading")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mysql_partition_by=f"RANGE (ts) {definition(first_partitions(SystemClock().now_ms()))}",
    )


def downgrade() -> None:
    steps.drop_table("reading")
