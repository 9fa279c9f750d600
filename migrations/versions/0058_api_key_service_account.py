"""Add api_key.service_account_id."""

import sqlalchemy as sa

from migrations import steps

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    steps.add_column(
        "api_key",
        sa.Column(
            "service_account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
    )


def downgrade() -> None:
    steps.drop_column("api_key", "service_account_id")
