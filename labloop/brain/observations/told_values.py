"""What is told beside the outputs of an experiment: how sure they are, and curves."""

from collections.abc import Mapping

from labloop.errors import BrainError
from labloop.records import CurveData, finite, mapping_of


def told_sd(
    sd: object, outputs: Mapping[str, object] | None, experiment_id: str
) -> dict[str, float]:
    """Return the standard deviations of the outputs told; raises BrainError."""
    if sd is None or outputs is None:
        return {}
    what = f"sd= of experiment {experiment_id}"
    given = mapping_of(sd, what, "{'yield': 0.3}", BrainError)
    strange = [name for name in given if name not in outputs]
    if strange:
        raise BrainError(
            f"{what} names {strange[0]!r}, which was not told; told were {', '.join(outputs)}"
        )
    return {name: finite(value, f"{what}, {name!r},") for name, value in given.items()}


def told_curves(curves: object, experiment_id: str) -> dict[str, CurveData]:
    """Return the curves told; raises BrainError."""
    if curves is None:
        return {}
    what, like = f"curves= of experiment {experiment_id}", "{'spectrum': CurveData(...)}"
    given = mapping_of(curves, what, like, BrainError)
    for name, curve in given.items():
        if not isinstance(curve, CurveData):
            raise BrainError(f"{what} is written as {like}, got {curve!r:.100} as {name!r}")
    return given
