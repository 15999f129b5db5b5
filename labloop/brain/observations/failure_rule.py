"""Where experiments fail, in words, where the results say so plainly."""

from collections.abc import Sequence

from labloop.records import Observation, PointValue
from labloop.space import SearchSpace

_FAILED, _WORKED = 2, 2
"""So many of each there must be before a rule is told."""


def failure_rule(space: SearchSpace, observations: Sequence[Observation]) -> str:
    """Return what tells experiments that failed from those that worked: ``fails above 65 of z``.

    A rule speaks of one parameter: a number beyond which all failed and none worked, or
    categories with which all failed. Empty where no such rule holds, or too little is known.
    """
    failed = [o.point for o in observations if o.failed]
    worked = [o.point for o in observations if not o.failed]
    if len(failed) < _FAILED or len(worked) < _WORKED:
        return ""
    rules = []
    for parameter in space.parameters:
        bad = [p[parameter.name] for p in failed if parameter.name in p]
        good = [p[parameter.name] for p in worked if parameter.name in p]
        found = _rule(bad, good, parameter.name, parameter.unit)
        if found is not None:
            rules.append(found)
    return max(rules, default=(0.0, ""))[1]


def _rule(
    bad: Sequence[PointValue], good: Sequence[PointValue], name: str, unit: str
) -> tuple[float, str] | None:
    """Return how clear a rule is (the gap between both, a share of the range seen), and it."""
    if any(isinstance(value, str) for value in (*bad, *good)):
        if set(bad) & set(good):
            return None
        return 1.0, f"fails with {name} {' or '.join(sorted(map(str, set(bad))))}"
    low, high = [float(v) for v in bad], [float(v) for v in good]
    span = max(*low, *high) - min(*low, *high)
    shown = "" if unit == "1" else f" {unit}"
    if span > 0 and min(low) > max(high):
        return (min(low) - max(high)) / span, f"fails above {max(high):.3g}{shown} of {name}"
    if span > 0 and max(low) < min(high):
        return (min(high) - max(low)) / span, f"fails below {min(high):.3g}{shown} of {name}"
    return None
