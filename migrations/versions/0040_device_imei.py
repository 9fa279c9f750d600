"""Give device its IMEI, where it is known by that alone."""

import sqlalchemy as sa

from migrations import steps

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    steps.add_column("device", sa.Column("imei", sa.String(length=15), nullable=True))


def downgrade() -> None:
    steps.drop_column("device", "imei")
