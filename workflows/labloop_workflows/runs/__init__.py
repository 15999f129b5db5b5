"""Campaigns as Prefect runs: flow, engine, window, cancellation, serving."""
