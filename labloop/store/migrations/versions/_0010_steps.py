"""The step of a procedure in which an action happens."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; what was written before happened in no step that is known."""
    op.add_column("intent", sa.Column("step", sa.Text(), nullable=False, server_default=""))
