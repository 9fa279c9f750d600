"""Give device the networks that it may come from."""

import sqlalchemy as sa

from migrations import steps

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    steps.add_column("device", sa.Column("networks", sa.JSON(), nullable=True))


def downgrade() -> None:
    steps.drop_column("device", "networks")
