"""Create membership_group."""

import sqlalchemy as sa
from alembic import op

from migrations import steps

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    steps.create_table(
        "membership_group",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_membership_group_org_id")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_membership_group_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["device_group.id"], name=op.f("fk_membership_group_group_id")
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "membership_id", "group_id", name=op.f("pk_membership_group")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_membership_group_membership_id"),
        "membership_group",
        ["membership_id"],
        unique=False,
    )
    steps.create_index(
        op.f("ix_membership_group_group_id"), "membership_group", ["group_id"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("membership_group")
