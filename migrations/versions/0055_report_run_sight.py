"""Note in report_run which groups of devices its asker was limited to."""

import sqlalchemy as sa

from migrations import steps

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    steps.add_column("report_run", sa.Column("sight", sa.String(length=64), nullable=True))


def downgrade() -> None:
    steps.drop_column("report_run", "sight")
