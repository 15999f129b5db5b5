"""Any function of torch or NumPy as a physics model."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    CURVE_SCALARS,
    BoundPhysics,
    By,
    Coefficients,
    CurveAxis,
    CurveScalar,
    PhysicsInput,
    PhysicsParameter,
    Prior,
    broadcast_shape,
    si_conversion,
)
from labloop.physics.models.user_function import Gradients, UserFunction
from labloop.records import list_of, mapping_of
from labloop.space import SearchSpace

PredictFunction: TypeAlias = Callable[[Any, Any], Any]


class FunctionPhysics:
    """A function ``predict(x, theta)`` as a :class:`~labloop.physics.PhysicsModel`.

    Args:
        predict: given input name -> values and parameter name -> values, each **in the unit that
            is declared for it here** (shapes that broadcast); returns output name -> values in the
            output's unit, or one tensor or array where there is one output; of a curve all
            points along a last dimension. Every operation works on each experiment by itself.
            In torch gradients are automatic; in NumPy, or where none flow, they are central
            differences.
        parameters: name -> prior, in whose unit the parameter arrives; or :class:`By` with a prior
            for every category, which arrives in the unit of the first.
        inputs: parameter of the space -> the unit in which it arrives, whatever unit the space
            has; or a name -> :class:`By` with a number for every category, which arrives in the
            unit of the first.
        outputs: names of dimensionless outputs, or name -> unit, or name -> a scalar that is
            read off a curve.
        name: what the report calls it.
        curves: curve of the campaign -> its axis.

    Raises:
        PhysicsError: nothing to predict, or names that clash.
    """

    check_first = "its function, the units of its inputs and its priors"

    def __init__(
        self,
        predict: PredictFunction,
        parameters: Mapping[str, Prior | By],
        inputs: Mapping[str, str | By],
        outputs: Sequence[str] | Mapping[str, str | CurveScalar],
        name: str | None = None,
        curves: Mapping[str, CurveAxis] | None = None,
    ) -> None:
        if not callable(predict):
            raise PhysicsError(f"predict must be a function predict(x, theta), got {predict!r}")
        given_name = str(getattr(predict, "__name__", "function"))
        self.name = name or ("function" if given_name == "<lambda>" else given_name)
        what = f"of physics {self.name!r}"
        parameters = mapping_of(
            parameters, f"parameters= {what}", "{'k': Prior(0.1, '1/min', fold=3)}", PhysicsError
        )
        inputs = mapping_of(inputs, f"inputs= {what}", "{'minutes': 'min'}", PhysicsError)
        self.curves: Mapping[str, CurveAxis] = _axes(curves or {}, f"curves= {what}")
        given = (
            dict(outputs)
            if isinstance(outputs, Mapping)
            else dict.fromkeys(_names(outputs, f"outputs= {what}"), "1")
        )
        if not given or not inputs:
            raise PhysicsError(f"physics {self.name!r} needs at least one input and one output")
        self.undeclared_units = frozenset() if isinstance(outputs, Mapping) else frozenset(given)
        """Outputs without a declared unit: their numbers are taken to be in the campaign's."""
        units = {output: self._unit(output, unit) for output, unit in given.items()}
        self._read_off = {o: u for o, u in given.items() if not isinstance(u, str)}
        wrong = [key for key, prior in parameters.items() if not isinstance(prior, (Prior, By))]
        if wrong:
            raise PhysicsError(
                f"parameter {wrong[0]!r} of physics {self.name!r} needs a Prior, such as "
                "Prior(30, 'L/mol/min', fold=2.7)"
            )
        coefficients = Coefficients(
            self.name, {key: by for key, by in inputs.items() if isinstance(by, By)}
        )
        self._coefficients = {
            key: (coefficients.add(key, p, _unit_of(p)), _unit_of(p))
            for key, p in parameters.items()
        }
        self.parameters = coefficients.parameters
        strange = [key for key, unit in inputs.items() if not isinstance(unit, (str, By))]
        if strange:
            raise PhysicsError(
                f"input {strange[0]!r} of physics {self.name!r} must be given by its unit or by "
                f"By(category, ...), got {inputs[strange[0]]!r}"
            )
        read = {key: unit for key, unit in inputs.items() if isinstance(unit, str)}
        for unit in read.values():
            si_conversion(unit)
        self.inputs = (
            *(PhysicsInput(key, unit) for key, unit in read.items()),
            *coefficients.inputs,
        )
        self._input_units = {i.name: i.unit or "1" for i in self.inputs if i.name in inputs}
        points = {o: 0 for o in units if o not in self._read_off}
        points |= {curve: len(axis.values) for curve, axis in self.curves.items()}
        self._function = UserFunction(predict, self.name, points)
        self.outputs = tuple(units)
        self.output_units = tuple(units.values())

    def _unit(self, output: str, given: str | CurveScalar) -> str:
        if isinstance(given, str):
            si_conversion(given)
            return given
        if not isinstance(given, CURVE_SCALARS):
            raise PhysicsError(
                f"output {output!r} of physics {self.name!r} must be given by its unit, or by a "
                f"scalar of a curve such as Peak('curve'), got {given!r}"
            )
        if given.curve not in self.curves:
            raise PhysicsError(
                f"output {output!r} of physics {self.name!r} reads the curve {given.curve!r}; "
                f"its curves are {', '.join(self.curves) or 'none'}"
            )
        return given.check(self.curves[given.curve])

    def bind(self, space: SearchSpace) -> BoundPhysics:
        """Return this model on ``space``; raises PhysicsError where they do not fit."""
        return BoundPhysics(self, space)

    def with_priors(self, priors: Mapping[str, Prior]) -> Self:
        """Return a copy in which some parameters have other priors; see :func:`with_priors`.

        The function is given every parameter in the same unit as before.
        """
        made = copy.copy(self)
        made.parameters = tuple(
            PhysicsParameter(p.name, priors.get(p.name, p.prior)) for p in self.parameters
        )
        return made

    def check_units(self, units: Mapping[str, str]) -> None:
        """Do nothing: the inputs' units are declared one by one."""

    @property
    def gradients(self) -> Gradients:
        """Whether gradients are automatic or central differences; known once it was called."""
        return self._function.gradients

    @property
    def arguments(self) -> Mapping[str, str]:
        """Input or parameter -> the unit in which the function is given it."""
        parameters = {key: unit for key, (_, unit) in self._coefficients.items()}
        return {**self._input_units, **parameters}

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs, then the points of the curves, at SI inputs and parameters.

        Args:
            x: input -> SI values ``[...]``.
            theta: SI parameters ``[..., p]``.

        Returns:
            ``[..., m + sum n]`` float64 in the units of outputs and curves.

        Raises:
            PhysicsError: the function raised or returned something else, with its line.
        """
        shape = broadcast_shape(*x.values(), theta[..., :1].sum(-1))
        inputs = {key: _in_unit(x[key], unit) for key, unit in self._input_units.items()}
        parameters = {
            key: _in_unit(coefficient.value(x, theta), unit)
            for key, (coefficient, unit) in self._coefficients.items()
        }
        found = self._function(inputs, parameters, shape)
        for output, scalar in self._read_off.items():
            found[output] = scalar.of(self.curves[scalar.curve], found[scalar.curve])
        scalars = torch.stack([found[output] for output in self.outputs], dim=-1)
        return torch.cat([scalars, *(found[curve] for curve in self.curves)], dim=-1)

    def __repr__(self) -> str:
        return f"<physics {self.name}>"


def _names(outputs: object, what: str) -> list[str]:
    """Return the names of outputs; raises PhysicsError where they are something else."""
    names = [outputs] if isinstance(outputs, str) else outputs
    found = list_of(names, what, "['y'], or {'y': '%'} with units", PhysicsError)
    strange = [name for name in found if not isinstance(name, str)]
    if strange:
        raise PhysicsError(f"{what} is a list of names, got {strange[0]!r}")
    return found


def _axes(curves: object, what: str) -> dict[str, CurveAxis]:
    """Return the axes of curves; raises PhysicsError where they are something else."""
    like = "{'spectrum': CurveAxis.even(400, 800, 33, 'nm')}"
    axes = mapping_of(curves, what, like, PhysicsError)
    if not all(isinstance(axis, CurveAxis) for axis in axes.values()):
        raise PhysicsError(f"{what} is written as {like}, got {curves!r:.100}")
    return axes


def _unit_of(given: Prior | By) -> str:
    """Return the unit of a prior; of priors by category that of the first."""
    first = given if isinstance(given, Prior) else next(iter(given.values.values()))
    if not isinstance(first, Prior):
        raise PhysicsError(
            f"a parameter by category needs a Prior for each, got {first!r}; known numbers belong "
            "into inputs="
        )
    return first.unit


def _in_unit(si: Tensor, unit: str) -> Tensor:
    """Return SI values in ``unit``; the same bits where that is SI."""
    factor, offset = si_conversion(unit)
    return si if (factor, offset) == (1.0, 0.0) else (si - offset) / factor
