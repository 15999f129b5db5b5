"""Any torch function as a physics model."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics._binding import BoundPhysics
from labloop.physics._model import PhysicsInput
from labloop.physics._prior import PhysicsParameter, Prior
from labloop.physics._shapes import common_shape
from labloop.physics._units import si_line
from labloop.space import SearchSpace

PredictFunction: TypeAlias = Callable[
    [Mapping[str, Tensor], Mapping[str, Tensor]], Mapping[str, Tensor] | Tensor
]


class FunctionPhysics:
    """A torch function ``predict(x, theta)`` as a :class:`~labloop.physics.PhysicsModel`.

    Args:
        predict: given input name -> SI values and parameter name -> SI values (shapes that
            broadcast), returns output name -> values in the output's unit, or one tensor
            where there is one output. Elementwise torch only, so that batches and gradients
            pass.
        parameters: name -> prior.
        inputs: parameter of the space -> a unit of the dimension that it must have.
        outputs: names of dimensionless outputs, or name -> unit.
        name: what the report calls it.

    Raises:
        PhysicsError: nothing to predict, or names that clash.
    """

    def __init__(
        self,
        predict: PredictFunction,
        parameters: Mapping[str, Prior],
        inputs: Mapping[str, str],
        outputs: Sequence[str] | Mapping[str, str],
        name: str | None = None,
    ) -> None:
        if not callable(predict):
            raise PhysicsError(f"predict must be a function predict(x, theta), got {predict!r}")
        self.name = name or str(getattr(predict, "__name__", "function"))
        units = (
            dict(outputs)
            if isinstance(outputs, Mapping)
            else dict.fromkeys([outputs] if isinstance(outputs, str) else outputs, "1")
        )
        if not units or not inputs:
            raise PhysicsError(f"physics {self.name!r} needs at least one input and one output")
        for unit in (*units.values(), *inputs.values()):
            si_line(unit)
        wrong = [key for key, prior in parameters.items() if not isinstance(prior, Prior)]
        if wrong:
            raise PhysicsError(
                f"parameter {wrong[0]!r} of physics {self.name!r} needs a Prior, such as "
                "Prior(30, 'L/mol/min', fold=2.7)"
            )
        self._predict = predict
        self.parameters = tuple(PhysicsParameter(key, p) for key, p in parameters.items())
        self.inputs = tuple(PhysicsInput(key, unit) for key, unit in inputs.items())
        self.outputs = tuple(units)
        self.output_units = tuple(units.values())

    def bind(self, space: SearchSpace) -> BoundPhysics:
        """Return this model on ``space``; raises PhysicsError where they do not fit."""
        return BoundPhysics(self, space)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Do nothing: the inputs' units are declared one by one."""

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs ``[..., m]`` at SI inputs and parameters ``[..., p]``."""
        named = {p.name: theta[..., i] for i, p in enumerate(self.parameters)}
        shape = common_shape(*x.values(), theta[..., :1].sum(-1))
        found = self._predict(x, named)
        if isinstance(found, Tensor):
            found = {self.outputs[0]: found} if len(self.outputs) == 1 else {}
        missing = [output for output in self.outputs if output not in found]
        if missing:
            raise PhysicsError(
                f"physics {self.name!r} returned no {', '.join(missing)}; return a dictionary "
                "of output name -> tensor"
            )
        try:
            return torch.stack([found[o].expand(shape) for o in self.outputs], dim=-1)
        except (RuntimeError, AttributeError) as error:
            raise PhysicsError(
                f"physics {self.name!r} must return tensors of shape {tuple(shape)}: {error}"
            ) from error

    def __repr__(self) -> str:
        return f"<physics {self.name}>"
