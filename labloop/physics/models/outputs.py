"""What a building block returns: outputs by arithmetic, scalars of curves, time courses."""

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    CURVE_SCALARS,
    Course,
    CurveAxis,
    CurveScalar,
    Expression,
    check_dimension,
    evaluate,
    si_conversion,
)
from labloop.records import mapping_of

Outputs: TypeAlias = Mapping[str, "str | tuple[str, str] | CurveScalar"]
"""Output -> arithmetic (``P / A0``; ``("P", "mol/L")`` with a unit) or a scalar of a curve."""


class OutputDefinitions:
    """The parsed outputs and curves of a model.

    Args:
        model: kind and name of the model, for messages.
        example: an output that the model could have, for messages.
        outputs: see :data:`Outputs`.
        curves: curve -> its axis, whose values the model solves for.
        courses: curves over time, as arithmetic.

    Attributes:
        curves: every curve -> its axis, courses last.
        units: output -> its unit.

    Raises:
        PhysicsError: no output, or one that is neither arithmetic nor a scalar of a curve.
    """

    def __init__(
        self,
        model: str,
        example: str,
        outputs: Outputs,
        curves: Mapping[str, CurveAxis],
        courses: Mapping[str, Course],
    ) -> None:
        self._model = model
        self._example = example
        courses = mapping_of(
            courses, f"curves= of {model}", "{'profile': Course('P', axis)}", PhysicsError
        )
        wrong = [course for course in courses.values() if not isinstance(course, Course)]
        if wrong:
            raise PhysicsError(f"a curve of {model} must be Course(value, axis), got {wrong[0]!r}")
        self.curves = {**curves, **{label: course.axis for label, course in courses.items()}}
        if not outputs:
            raise PhysicsError(
                f"{model} needs outputs={{'name': {example!r}}}: at least one number that the "
                "objective can read"
            )
        outputs = mapping_of(outputs, f"outputs= of {model}", f"{{'y': {example!r}}}", PhysicsError)
        parsed = {output: self._parsed(output, given) for output, given in outputs.items()}
        self._values = {output: value for output, (value, _) in parsed.items()}
        self.units = {output: unit for output, (_, unit) in parsed.items()}
        self._courses = {
            label: Expression(course.value, f"curve {label!r} of {model}")
            for label, course in courses.items()
        }

    def _parsed(
        self, output: str, given: "str | tuple[str, str] | CurveScalar"
    ) -> tuple[Expression | CurveScalar, str]:
        """Return what an output is calculated from, and its unit."""
        if isinstance(given, str) or (isinstance(given, tuple) and len(given) == 2):
            text, unit = (given, "1") if isinstance(given, str) else given
            si_conversion(unit)
            return Expression(text, f"output {output!r} of {self._model}"), unit
        if not isinstance(given, CURVE_SCALARS):
            raise PhysicsError(
                f"output {output!r} of {self._model} must be arithmetic such as "
                f"{self._example!r}, a pair of it and its unit, or a scalar of a curve such as "
                f"Peak('curve'), got {given!r}"
            )
        axis = self.curves.get(given.curve)
        if axis is None:
            raise PhysicsError(
                f"output {output!r} of {self._model} reads the curve {given.curve!r}; its curves "
                f"are {', '.join(self.curves) or 'none'}"
            )
        return given, given.check(axis)

    @property
    def names(self) -> set[str]:
        """What the arithmetic of outputs and courses reads."""
        written = [*self._values.values(), *self._courses.values()]
        return {name for v in written if isinstance(v, Expression) for name in v.names}

    def check_curves(self) -> None:
        """Raise PhysicsError for an output named as a curve, or a course over no time."""
        both = sorted(set(self._values) & set(self.curves))
        if both:
            raise PhysicsError(
                f"{self._model} uses {', '.join(both)} for two things: an output and a curve; "
                "rename one"
            )
        for label in self._courses:
            if not self.curves[label].is_time:
                raise PhysicsError(
                    f"curve {label!r} of {self._model} is a time course; its axis needs a unit of "
                    f"time, got {self.curves[label].unit!r}"
                )

    def check_units(self, samples: Mapping[str, object]) -> None:
        """Raise PhysicsError where arithmetic over sample quantities has another dimension."""
        for output, value in self._values.items():
            if isinstance(value, Expression):
                check_dimension(value, self.units[output], samples)
        for label, course in self._courses.items():
            check_dimension(course, self.curves[label].y_unit, samples)

    def course(self, label: str, values: Mapping[str, Tensor]) -> Tensor:
        """Return the points of a course in its unit, given SI quantities at its times."""
        return _in_unit(evaluate(self._courses[label], values), self.curves[label].y_unit)

    def stacked(
        self, values: Mapping[str, Tensor], curves: Mapping[str, Tensor], shape: torch.Size
    ) -> Tensor:
        """Return outputs, then the points of every curve, ``shape x (m + sum n)``.

        Args:
            values: SI quantities and inputs, of shapes that broadcast to ``shape``.
            curves: curve -> values in its unit, ``[..., n]``.
            shape: of the experiments.
        """
        columns = []
        for output, value in self._values.items():
            if isinstance(value, Expression):
                column = _in_unit(evaluate(value, values), self.units[output])
            else:
                column = value.of(self.curves[value.curve], curves[value.curve])
            columns.append(column.expand(shape))
        scalars = torch.stack(columns, dim=-1)
        if not self.curves:
            return scalars
        points = [curves[c].expand(*shape, len(axis.values)) for c, axis in self.curves.items()]
        return torch.cat([scalars, *points], dim=-1)


def _in_unit(si: Tensor, unit: str) -> Tensor:
    factor, offset = si_conversion(unit)
    return (si - offset) / factor
