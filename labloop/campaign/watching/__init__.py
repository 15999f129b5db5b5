"""Results are watched: spoilt ones, instruments that drift, sensors that are stuck.

``doubts.py`` finds them in a dataset, whatever proposes; ``repeats.py`` and ``evidence.py`` are its
mathematics, ``watch.py`` stores what is new as an alarm. Nothing here changes what is proposed.
"""

from labloop.campaign.watching.doubts import DRIFT, OUTLIER, STUCK, Doubt, find_doubts
from labloop.campaign.watching.watch import ResultWatch, name_experiments, watch_stored

__all__ = [
    "DRIFT",
    "OUTLIER",
    "STUCK",
    "Doubt",
    "ResultWatch",
    "find_doubts",
    "name_experiments",
    "watch_stored",
]
