"""How Alembic runs here: on the connection that it is given, in that one's transaction."""

from typing import Any

from alembic import context

from labloop.store.schema import METADATA, PARTIAL_INDEXES, VERSION_TABLE

_GUARDS = {index.name for index in PARTIAL_INDEXES}


def _ours(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Leave the guards' own indexes out of what migrations see."""
    return not (kind == "index" and name in _GUARDS)


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        render_as_batch=True,
        include_object=_ours,
        compare_type=True,
        transactional_ddl=False,
    )
    context.run_migrations()


_run()
