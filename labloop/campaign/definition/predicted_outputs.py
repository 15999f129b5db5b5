"""What physics predicts beside what a campaign measures: the same names, in the same units."""

from collections.abc import Sequence
from typing import Any

from labloop.errors import CampaignFileError
from labloop.records import Output, Scalar
from labloop.units import convert, same_dimension

_TRIED = (0.0, 1.0)
"""Two units are one where these two numbers are the same in both."""


def check_predicted(model: Any, outputs: Sequence[Output], wanted: Sequence[str]) -> None:
    """Raise CampaignFileError where physics predicts something else than what is measured.

    Numbers of physics are compared with those that were measured as they are, so a share beside
    a percentage would be a hundred times wrong from the first result on.

    Args:
        model: a physics model. Outputs with a unit that nobody declared are not compared, those
            that it only calculates with need not be measured.
        outputs: what the campaign declares.
        wanted: the outputs that the objective reads.
    """
    name, predicted = str(getattr(model, "name", model)), tuple(model.outputs)
    declared = [output.name for output in outputs]
    within: frozenset[str] = getattr(model, "intermediate", frozenset())
    unknown = [output for output in predicted if output not in declared and output not in within]
    if unknown:
        raise CampaignFileError(
            f"the physics predicts {unknown}, which the campaign does not declare; "
            f"declared outputs are {declared}"
        )
    if not set(wanted) & set(predicted):
        raise CampaignFileError(
            f"physics {name!r} predicts {', '.join(predicted) or 'curves alone'}, none of "
            f"which the objective reads ({', '.join(wanted)}); add that to its outputs"
        )
    measured = {output.name: output.unit for output in outputs if isinstance(output, Scalar)}
    silent: frozenset[str] = getattr(model, "undeclared_units", frozenset())
    for output, unit in zip(predicted, getattr(model, "output_units", ()), strict=False):
        if output in measured and output not in silent:
            _check_unit(f"physics {name!r} predicts {output!r}", output, unit, measured[output])


def _check_unit(what: str, output: str, unit: str, measured: str) -> None:
    if not same_dimension(unit, measured):
        raise CampaignFileError(
            f"{what} in {unit!r}, and the campaign measures it in {measured!r}, another "
            f"dimension; correct the unit of one, {output!r} of the physics or "
            f"Scalar({output!r}, unit={measured!r})"
        )
    if any(convert(value, unit, measured) != value for value in _TRIED):
        one = convert(1.0, unit, measured)
        raise CampaignFileError(
            f"{what} in {unit!r}, and the campaign measures it in {measured!r}, of which {one:g} "
            f"are {_one(unit)}: declare it in {measured!r}, as in outputs={{{output!r}: ('P / A0', "
            f"{measured!r})}}, which is then converted without a factor of yours (a function says "
            f"{{{output!r}: {measured!r}}} and returns it so), or write Scalar({output!r}, "
            f"unit={unit!r})"
        )


def _one(unit: str) -> str:
    return "1" if unit == "1" else f"1 {unit}"
