"""Operators may be bound to the host they log in from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from astcti.config.database.adoption import Adoption

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which is empty for everybody: from anywhere."""
    wanted = sa.MetaData()
    sa.Table("operators", wanted, sa.Column("LOGIN_HOST", sa.String(255)))
    Adoption(op.get_bind()).adopt(wanted)
