"""Create device_state."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    steps.create_table(
        "device_state",
        sa.Column(
            "device_id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "boot",
            sa.BigInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            nullable=False,
        ),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("changed_ts", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("ingest_task", sa.String(length=64), nullable=False),
        sa.Column("firmware", sa.String(length=64), nullable=False),
        sa.Column("latest", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_device_state_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_device_state_org_id")
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_state")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_device_state_org_id_changed_ts"),
        "device_state",
        ["org_id", "changed_ts"],
        unique=False,
    )


def downgrade() -> None:
    steps.drop_table("device_state")
