"""The step of a procedure in which an action happens."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; what was written before happened in no step that is known."""
    # On SQLite the table is rebuilt as a new database has it.
    rebuilt = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("intent", recreate="always" if rebuilt else "never") as batch:
        batch.add_column(sa.Column("step", sa.Text(), nullable=False, server_default=""))
