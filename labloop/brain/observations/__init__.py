"""Past experiments as strategies read them, and one seed for all that is random.

``history.py`` selects what can teach, ``evaluated_points.py`` keeps what was evaluated,
``imported.py`` reads tables of results, ``told_values.py`` what is told beside them,
``failure_rule.py`` says where experiments fail,
``nearest_untried.py`` makes legal points of what others ask for, ``standing.py`` says where a
search stands still, ``seeding.py`` isolates random numbers.
"""

from labloop.brain.observations.evaluated_points import EvaluatedPoints, evaluated_points
from labloop.brain.observations.failure_rule import failure_rule
from labloop.brain.observations.history import (
    check_count,
    exhausted,
    fresh,
    keys_of,
    labels,
    legal,
    new_points,
    open_candidates,
    usable,
)
from labloop.brain.observations.imported import Rows, read_points, read_results
from labloop.brain.observations.nearest_untried import nearest_untried
from labloop.brain.observations.seeding import isolated, small_seed
from labloop.brain.observations.standing import turn_without_physics
from labloop.brain.observations.told_values import told_curves, told_sd

__all__ = [
    "EvaluatedPoints",
    "Rows",
    "check_count",
    "evaluated_points",
    "exhausted",
    "failure_rule",
    "fresh",
    "isolated",
    "keys_of",
    "labels",
    "legal",
    "nearest_untried",
    "new_points",
    "open_candidates",
    "read_points",
    "read_results",
    "small_seed",
    "told_curves",
    "told_sd",
    "turn_without_physics",
    "usable",
]
