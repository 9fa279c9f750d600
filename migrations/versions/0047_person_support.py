"""Add person.support_since."""

import sqlalchemy as sa

from migrations import steps
from shared.models.base import UtcDateTime

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    steps.add_column("person", sa.Column("support_since", UtcDateTime(), nullable=True))


def downgrade() -> None:
    steps.drop_column("person", "support_since")
