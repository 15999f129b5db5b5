"""Who goes first where experiments wait: a plan from their recipes, run ahead one by one.

Read ``executor.py`` first: it plans before a batch enters the lab. ``run_ahead.py`` finds out what
an experiment needs and for how long, ``learned.py`` what stored ones say of that, and
``planner.py`` puts it into an order. The order itself is found by ``labloop.scheduling``, and
followed by the queue of the lab.
"""

from labloop.campaign.ordering.executor import OrderedExecutor
from labloop.campaign.ordering.learned import (
    Carried,
    LearnedDurations,
    learn_durations,
    waits_of,
)
from labloop.campaign.ordering.planner import Planner

__all__ = [
    "Carried",
    "LearnedDurations",
    "OrderedExecutor",
    "Planner",
    "learn_durations",
    "waits_of",
]
