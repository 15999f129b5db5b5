"""What all building blocks share: numbers from a book, outputs by arithmetic, curves."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    CURVE_SCALARS,
    BoundPhysics,
    Coefficients,
    Course,
    CurveAxis,
    CurveScalar,
    Expression,
    PhysicsInput,
    PhysicsParameter,
    broadcast_shape,
    check_dimension,
    evaluate,
    si_conversion,
)
from labloop.space import SearchSpace

Outputs: TypeAlias = Mapping[str, "str | tuple[str, str] | CurveScalar"]
"""Output -> arithmetic (``P / A0``; ``("P", "mol/L")`` with a unit) or a scalar of a curve."""


class BuildingBlock(ABC):
    """A :class:`~labloop.physics.PhysicsModel` whose outputs are arithmetic of what it solves.

    Args:
        kind: what the block is called in messages, such as ``kinetics``.
        name: what the report calls the model.
        book: its numbers.
        quantities: what output arithmetic may use beside the inputs -> its unit.
        outputs: see :data:`Outputs`.
        curves: curve -> its axis, in the order of ``solve``.
        courses: curves over time instead, as arithmetic of the same quantities.

    Raises:
        PhysicsError: no output, or outputs that use unknown names or curves.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        coefficients: Coefficients,
        quantities: Mapping[str, str],
        outputs: Outputs,
        curves: Mapping[str, CurveAxis] | None = None,
        courses: Mapping[str, Course] | None = None,
    ) -> None:
        self.name = name
        self._kind = kind
        self._coefficients = coefficients
        self._quantities = dict(quantities)
        self.parameters: tuple[PhysicsParameter, ...] = coefficients.parameters
        self.inputs: tuple[PhysicsInput, ...] = coefficients.inputs
        wrong = [c for c in (courses or {}).values() if not isinstance(c, Course)]
        if wrong:
            raise PhysicsError(
                f"a curve of {kind} {name!r} must be Course(value, axis), got {wrong[0]!r}"
            )
        self.curves: Mapping[str, CurveAxis] = {
            **(curves or {}),
            **{label: course.axis for label, course in (courses or {}).items()},
        }
        if not self.inputs:
            raise PhysicsError(
                f"{kind} {name!r} reads no parameter of the space, so it says the same of every "
                "experiment; write the name of a parameter where its number belongs"
            )
        if not outputs:
            raise PhysicsError(
                f"{kind} {name!r} needs outputs={{'name': {self._example()!r}}}: at least one "
                "number that the objective can read"
            )
        self._outputs: dict[str, tuple[Expression | CurveScalar, str]] = {}
        for output, given in outputs.items():
            self._outputs[output] = self._parse_output(output, given)
        self._course_values = {
            label: Expression(course.value, f"curve {label!r} of {name!r}")
            for label, course in (courses or {}).items()
        }
        self._check_names()

    @property
    def coefficients(self) -> Coefficients:
        """The numbers of the model, for a model that is built on it."""
        return self._coefficients

    @property
    def parts(self) -> "tuple[BuildingBlock, ...]":
        """This model and those that it is built on."""
        return (self,)

    @property
    def quantities(self) -> Mapping[str, str]:
        """What it solves for -> its SI unit, for a model that is built on it."""
        return self._quantities

    def _example(self) -> str:
        return next(iter(self._quantities), "x")

    def _parse_output(
        self, output: str, given: "str | tuple[str, str] | CurveScalar"
    ) -> tuple[Expression | CurveScalar, str]:
        if isinstance(given, str) or (isinstance(given, tuple) and len(given) == 2):
            text, unit = (given, "1") if isinstance(given, str) else given
            si_conversion(unit)
            return Expression(text, f"output {output!r} of {self.name!r}"), unit
        if not isinstance(given, CURVE_SCALARS):
            raise PhysicsError(
                f"output {output!r} of {self._kind} {self.name!r} must be arithmetic such as "
                f"{self._example()!r}, a pair of it and its unit, or a scalar of a curve such as "
                f"Peak('curve'), got {given!r}"
            )
        axis = self.curves.get(given.curve)
        if axis is None:
            raise PhysicsError(
                f"output {output!r} of {self._kind} {self.name!r} reads the curve "
                f"{given.curve!r}; its curves are {', '.join(self.curves) or 'none'}"
            )
        return given, given.check(axis)

    def _check_names(self) -> None:
        inputs = {i.name for i in self.inputs}
        double = sorted(inputs & set(self._quantities))
        both = sorted(set(self._outputs) & set(self.curves))
        if double or both:
            raise PhysicsError(
                f"{self._kind} {self.name!r} uses {', '.join(double or both)} for two things: "
                "what it solves for, an input, an output or a curve; rename one"
            )
        known = {*self._quantities, *inputs}
        written = {f"output {output!r}": wanted for output, (wanted, _) in self._outputs.items()}
        for label, value in self._course_values.items():
            written[f"curve {label!r}"] = value
            if not self.curves[label].is_time:
                raise PhysicsError(
                    f"curve {label!r} of {self._kind} {self.name!r} is a time course; its axis "
                    f"needs a unit of time, got {self.curves[label].unit!r}"
                )
        for what, wanted in written.items():
            names = wanted.names if isinstance(wanted, Expression) else ()
            strange = [n for n in names if n not in known]
            if strange:
                raise PhysicsError(
                    f"{what} of {self._kind} {self.name!r} uses {', '.join(strange)}; "
                    f"known are {', '.join(sorted(known))}"
                )

    @property
    def outputs(self) -> tuple[str, ...]:
        """The declared scalar outputs."""
        return tuple(self._outputs)

    @property
    def output_units(self) -> tuple[str, ...]:
        """The unit of each output."""
        return tuple(unit for _, unit in self._outputs.values())

    def bind(self, space: SearchSpace) -> BoundPhysics:
        """Return this model on ``space``; raises PhysicsError where they do not fit."""
        return BoundPhysics(self, space)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where a number or an output has another dimension."""
        self._coefficients.check_units(units)
        values = self._coefficients.sample_quantities({**units, **self._quantities})
        for wanted, unit in self._outputs.values():
            if isinstance(wanted, Expression):
                check_dimension(wanted, unit, values)
        for label, value in self._course_values.items():
            check_dimension(value, self.curves[label].y_unit, values)

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs, then the points of the curves, at SI inputs and parameters.

        Args:
            x: input -> SI values ``[...]``.
            theta: SI parameters ``[..., p]``.
        """
        solved, curves = self.solve(x, theta)
        shape = broadcast_shape(*x.values(), theta[..., :1].sum(-1), *solved.values())
        values = {**x, **solved}
        columns = []
        for wanted, unit in self._outputs.values():
            if isinstance(wanted, Expression):
                factor, offset = si_conversion(unit)
                value = (evaluate(wanted, values) - offset) / factor
            else:
                value = wanted.of(self.curves[wanted.curve], curves[wanted.curve])
            columns.append(value.expand(shape))
        scalars = torch.stack(columns, dim=-1)
        if not self.curves:
            return scalars
        points = [curves[c].expand(*shape, len(axis.values)) for c, axis in self.curves.items()]
        return torch.cat([scalars, *points], dim=-1)

    def _course(self, label: str, values: Mapping[str, Tensor]) -> Tensor:
        """Return the points of a course, given quantities and inputs at its times."""
        factor, offset = si_conversion(self.curves[label].y_unit)
        return (evaluate(self._course_values[label], values) - offset) / factor

    @abstractmethod
    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]`` in its unit."""

    def __repr__(self) -> str:
        return f"<{self._kind} {self.name}>"
