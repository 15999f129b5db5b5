"""Campaigns as Prefect runs: flow and tasks, engine, UI, cancellation, serving.

Here belongs what Prefect shows and asks of a campaign; the campaign itself is
:class:`labloop.campaign.Campaign` and runs without Prefect. Read ``engine.py`` first, then
``flow.py``.
"""
