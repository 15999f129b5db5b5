"""The only floor that imports Prefect: engine, flow, server, artifacts, serve."""

from labloop_workflows._engine import PrefectEngine

__all__ = ["PrefectEngine"]
