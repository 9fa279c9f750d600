"""Create audit_seal."""

import sqlalchemy as sa
from alembic import op

from migrations import steps

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    steps.create_table(
        "audit_seal",
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "hash",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_seal_entry_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_audit_seal_org_id")),
        sa.PrimaryKeyConstraint("org_id", "sequence", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_seal_entry_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    steps.drop_table("audit_seal")
