"""Alembic's environment: it runs on a given connection, inside of its transaction."""

from typing import Any

from alembic import context

from labloop.store.schema import METADATA, PARTIAL_INDEXES, VERSION_TABLE

_GUARDS = {index.name for index in PARTIAL_INDEXES}


def _ours(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Hide the partial indexes from Alembic, which ``schema.guards`` creates."""
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
