"""Create member_tag."""

import sqlalchemy as sa
from alembic import op

from migrations import steps

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    steps.create_table(
        "member_tag",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("tag", sa.String(length=128), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_tag_member_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_member_tag_org_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_member_tag_programme_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "programme_id", "tag", name=op.f("pk_member_tag")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_member_tag_org_id_member_id"), "member_tag", ["org_id", "member_id"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("member_tag")
