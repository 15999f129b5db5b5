"""Alarms that hold until they end: spoilt results, drift, stuck sensors, devices that fail.

``doubts.py`` finds them in a dataset, whatever proposes; ``repeats.py`` and ``evidence.py`` are its
mathematics, ``watch.py`` stores what is new as an alarm. ``troubles.py`` keeps what is known of
failing devices for the next process. Nothing here changes what is proposed.
"""

from labloop.campaign.watching.doubts import DRIFT, OUTLIER, STUCK, Doubt, find_doubts
from labloop.campaign.watching.troubles import Troubles, with_troubles
from labloop.campaign.watching.watch import ResultWatch, name_experiments, watch_stored

__all__ = [
    "DRIFT",
    "OUTLIER",
    "STUCK",
    "Doubt",
    "ResultWatch",
    "Troubles",
    "find_doubts",
    "name_experiments",
    "watch_stored",
    "with_troubles",
]
