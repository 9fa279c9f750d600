"""Create audit_chain."""

import sqlalchemy as sa
from alembic import op

from migrations import steps

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    steps.create_table(
        "audit_chain",
        sa.Column(
            "org_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column(
            "base",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column(
            "head",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "signature",
            sa.LargeBinary(length=64).with_variant(sa.BINARY(length=64), "mysql"),
            nullable=True,
        ),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_audit_chain_org_id")
        ),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_audit_chain")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    steps.drop_table("audit_chain")
