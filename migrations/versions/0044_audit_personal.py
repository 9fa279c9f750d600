"""Create audit_personal."""

import sqlalchemy as sa
from alembic import op

from migrations import steps

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    steps.create_table(
        "audit_personal",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column(
            "salt",
            sa.LargeBinary(length=16).with_variant(sa.BINARY(length=16), "mysql"),
            nullable=False,
        ),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_audit_personal_org_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "entry", "name", name=op.f("pk_audit_personal")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_audit_personal_subject"), "audit_personal", ["subject"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("audit_personal")
