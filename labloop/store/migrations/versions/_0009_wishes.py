"""More that a person may ask of a campaign: what the next rounds hold fixed, avoid or change."""

from alembic import op

revision = "0009"
down_revision = "0005"

_AFTER = (
    "kind IN ('approve', 'reject', 'edit', 'add', 'pause', 'resume', 'abort', 'stop', 'resolve', "
    "'fix', 'avoid', 'lift', 'change')"
)
_NAME = "ck_command_kind"


def upgrade() -> None:
    """Allow four more kinds of commands."""
    # Alembic rebuilds the table on SQLite, which cannot alter it in place.
    with op.batch_alter_table("command") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(op.f(_NAME), _AFTER)
