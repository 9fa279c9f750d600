"""Create totp."""

import sqlalchemy as sa
from alembic import op

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    steps.create_table(
        "totp",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("secret", sa.String(length=255), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_totp_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_totp")),
        sa.UniqueConstraint("person_id", name=op.f("uq_totp_person_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    steps.drop_table("totp")
