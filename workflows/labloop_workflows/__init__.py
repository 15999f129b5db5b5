"""Campaigns on Prefect: the only package that imports it.

``runs`` shows a campaign as a flow run, ``server`` finds or starts the server, ``verbs`` are
``labloop ui`` and ``labloop serve``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labloop_workflows.runs.engine import PrefectEngine

__all__ = ["PrefectEngine"]


def __getattr__(name: str) -> object:
    # Imported late: the process of the server needs neither the engine nor a campaign.
    if name in __all__:
        return getattr(import_module("labloop_workflows.runs.engine"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
