"""The only floor that imports Prefect: engine, flow, server, artifacts, serve."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labloop_workflows.runs.engine import PrefectEngine

__all__ = ["PrefectEngine"]


def __getattr__(name: str) -> object:
    # Late: the server's own process needs neither the engine nor what a campaign needs.
    if name in __all__:
        return getattr(import_module("labloop_workflows.runs.engine"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
