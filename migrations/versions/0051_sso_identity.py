"""Create sso_identity."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    steps.create_table(
        "sso_identity",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("public_id", sa.String(length=31), nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column(
            "token_hash",
            sa.LargeBinary(length=32).with_variant(sa.BINARY(length=32), "mysql"),
            nullable=True,
        ),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("linked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisation.id"], name=op.f("fk_sso_identity_org_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sso_identity_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sso_identity")),
        sa.UniqueConstraint(
            "org_id", "issuer", "person_id", name=op.f("uq_sso_identity_org_id_issuer_person_id")
        ),
        sa.UniqueConstraint(
            "org_id", "issuer", "subject", name=op.f("uq_sso_identity_org_id_issuer_subject")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_sso_identity_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sso_identity_token_hash")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    steps.create_index(
        op.f("ix_sso_identity_person_id"), "sso_identity", ["person_id"], unique=False
    )


def downgrade() -> None:
    steps.drop_table("sso_identity")
