"""Raw data as an analysis receives it, and what it returned as declared outputs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from labloop.errors import AnalysisError, LabloopError, UnitError
from labloop.records import (
    CurveData,
    Measurement,
    Output,
    OutputValue,
    Scalar,
    ScalarValue,
)
from labloop.units import (
    convert,
    is_quantity,
    magnitude,
    quantity,
)


def for_analysis(measurement: Measurement) -> dict[str, Any]:
    """Return raw data as ``analyse`` receives it: quantities, numbers, curves, texts."""
    return {
        name: _plain(value) if isinstance(value, ScalarValue) else value
        for name, value in measurement.raw.items()
    }


def _plain(value: ScalarValue) -> Any:
    return value.value if value.unit == "1" else quantity(value.value, value.unit)


def to_outputs(returned: object, declared: Sequence[Output]) -> dict[str, OutputValue]:
    """Return what an analysis returned as declared outputs, in the declared units.

    Raises:
        AnalysisError: an undeclared or missing output, another dimension, not finite.
    """
    names = [output.name for output in declared]
    if not isinstance(returned, Mapping):
        raise AnalysisError(
            f"the analysis must return a mapping of output names to values, got {returned!r}"
        )
    unknown = [str(name) for name in returned if name not in names]
    missing = [name for name in names if name not in returned]
    if unknown or missing:
        raise AnalysisError(
            f"the analysis must return exactly the declared outputs {names}; "
            f"{'missing ' + str(missing) if missing else 'undeclared ' + str(unknown)}"
        )
    return {output.name: _output(output, returned[output.name]) for output in declared}


def _output(declared: Output, value: object) -> OutputValue:
    if isinstance(declared, Scalar):
        return _scalar_output(declared, value)
    if not isinstance(value, CurveData):
        raise AnalysisError(
            f"output {declared.name!r} is declared as a curve, got {type(value).__name__}"
        )
    try:
        x = [convert(v, value.x_unit, declared.x) for v in (0.0, 1.0)]
        y = [convert(v, value.y_unit, declared.y) for v in (0.0, 1.0)]
    except UnitError as error:
        raise AnalysisError(f"output {declared.name!r}: {error}") from error
    return CurveData(
        x[0] + (x[1] - x[0]) * value.x, y[0] + (y[1] - y[0]) * value.y, declared.x, declared.y
    )


def _scalar_output(declared: Scalar, value: object) -> ScalarValue:
    sd: float | None = None
    if isinstance(value, ScalarValue):
        if value.sd is not None and value.unit != "1":
            scale = convert(1.0, value.unit, declared.unit) - convert(
                0.0, value.unit, declared.unit
            )
            sd = value.sd * abs(scale)
        else:
            sd = value.sd
        value = _plain(value)
    try:
        if is_quantity(value):
            number = magnitude(value, declared.unit, f"output {declared.name!r}")
        else:
            number = float(value)  # type: ignore[arg-type]  # whatever float() refuses is told
    except (LabloopError, TypeError, ValueError) as error:
        raise AnalysisError(f"output {declared.name!r} cannot be used: {error}") from error
    if not math.isfinite(number):
        raise AnalysisError(
            f"output {declared.name!r} is {number}; an analysis that finds nothing should "
            "return 0 or raise an error that says why"
        )
    return ScalarValue(number, declared.unit, sd)
