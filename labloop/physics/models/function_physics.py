"""Any torch function as a physics model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

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
    Prior,
    broadcast_shape,
    si_conversion,
)
from labloop.space import SearchSpace

PredictFunction: TypeAlias = Callable[
    [Mapping[str, Tensor], Mapping[str, Tensor]], Mapping[str, Tensor] | Tensor
]


class FunctionPhysics:
    """A torch function ``predict(x, theta)`` as a :class:`~labloop.physics.PhysicsModel`.

    Args:
        predict: given input name -> SI values and parameter name -> SI values (shapes that
            broadcast), returns output name -> values in the output's unit, or one tensor
            where there is one output; of a curve all points along a last dimension.
            Elementwise torch only, so that batches and gradients pass.
        parameters: name -> prior, or :class:`By` with a prior for every category.
        inputs: parameter of the space -> a unit of the dimension that it must have; or a name
            -> :class:`By` with a number for every category.
        outputs: names of dimensionless outputs, or name -> unit, or name -> a scalar that is
            read off a curve.
        name: what the report calls it.
        curves: curve of the campaign -> its axis.

    Raises:
        PhysicsError: nothing to predict, or names that clash.
    """

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
        self.curves: Mapping[str, CurveAxis] = dict(curves or {})
        given = (
            dict(outputs)
            if isinstance(outputs, Mapping)
            else dict.fromkeys([outputs] if isinstance(outputs, str) else outputs, "1")
        )
        if not given or not inputs:
            raise PhysicsError(f"physics {self.name!r} needs at least one input and one output")
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
        self._predict = predict
        self._terms = {key: coefficients.add(key, p, _unit_of(p)) for key, p in parameters.items()}
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

    def check_units(self, units: Mapping[str, str]) -> None:
        """Do nothing: the inputs' units are declared one by one."""

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs, then the points of the curves, at SI inputs and parameters.

        Args:
            x: input -> SI values ``[...]``.
            theta: SI parameters ``[..., p]``.
        """
        named = {key: term.value(x, theta) for key, term in self._terms.items()}
        shape = broadcast_shape(*x.values(), theta[..., :1].sum(-1))
        found = self._returned(x, named)
        wanted = [o for o in self.outputs if o not in self._read_off] + list(self.curves)
        if isinstance(found, Tensor) and len(wanted) == 1:
            found = {wanted[0]: found}
        given = found if isinstance(found, Mapping) else {}
        missing = [o for o in wanted if not isinstance(given.get(o), Tensor)]
        if missing:
            raise PhysicsError(
                f"physics {self.name!r} returned no tensor for {', '.join(missing)}; return a "
                "dictionary of output name -> tensor, made by operators and functions of torch"
            )
        try:
            curves = {c: found[c].expand(*shape, len(a.values)) for c, a in self.curves.items()}
            read = {
                o: r.of(self.curves[r.curve], curves[r.curve]) for o, r in self._read_off.items()
            }
            scalars = [read[o] if o in read else found[o].expand(shape) for o in self.outputs]
        except RuntimeError as error:
            came = ", ".join(f"{o} {tuple(found[o].shape)}" for o in wanted)
            raise PhysicsError(
                f"physics {self.name!r} must return tensors of shape {tuple(shape)}, with a last "
                f"dimension of points for a curve; it returned {came}"
            ) from error
        return torch.cat([torch.stack(scalars, dim=-1), *curves.values()], dim=-1)

    def _returned(self, x: Mapping[str, Tensor], named: Mapping[str, Tensor]) -> Any:
        """Return what the author's function makes of inputs and parameters."""
        try:
            return self._predict(x, named)
        except KeyError as error:
            raise PhysicsError(
                f"physics {self.name!r} reads {error}, which it does not declare; its inputs are "
                f"{', '.join(x)}, its parameters {', '.join(named)}"
            ) from error

    def __repr__(self) -> str:
        return f"<physics {self.name}>"


def _unit_of(given: Prior | By) -> str:
    """Return the unit of a prior; of priors by category that of the first."""
    first = given if isinstance(given, Prior) else next(iter(given.values.values()))
    if not isinstance(first, Prior):
        raise PhysicsError(
            f"a parameter by category needs a Prior for each, got {first!r}; known numbers belong "
            "into inputs="
        )
    return first.unit
