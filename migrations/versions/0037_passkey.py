"""Create passkey."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    steps.create_table(
        "passkey",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("public_id", sa.String(length=31), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "credential_id",
            sa.LargeBinary(length=1023).with_variant(mysql.VARBINARY(length=1023), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "public_key",
            sa.LargeBinary(length=1024).with_variant(mysql.VARBINARY(length=1024), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "sign_count",
            sa.BigInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql"),
            nullable=False,
        ),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_passkey_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkey_public_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_passkey_person_id_id"), "passkey", ["person_id", "id"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("passkey")
