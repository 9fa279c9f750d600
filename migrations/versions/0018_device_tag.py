"""Create device_tag."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    steps.create_table(
        "device_tag",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column(
            "device_id",
            sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_tag_device_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_device_tag_org_id")),
        sa.PrimaryKeyConstraint("org_id", "tag", "device_id", name=op.f("pk_device_tag")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(op.f("ix_device_tag_device_id"), "device_tag", ["device_id"], unique=False)


def downgrade() -> None:
    steps.drop_table("device_tag")
