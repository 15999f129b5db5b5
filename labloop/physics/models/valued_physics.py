"""A value on top of any model: a figure of merit with costs, of what the model predicts."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    BoundPhysics,
    CurveAxis,
    Expression,
    PhysicsInput,
    PhysicsModel,
    PhysicsParameter,
    Prior,
    as_physics,
    check_dimension,
    evaluate,
    sample_quantities,
    si_conversion,
)
from labloop.physics.models.prior_updates import with_priors
from labloop.records import mapping_of
from labloop.space import SearchSpace


class ValuedPhysics:
    """A :class:`~labloop.physics.PhysicsModel` with further outputs; see :func:`with_value`."""

    def __init__(self, model: PhysicsModel, values: Mapping[str, str | tuple[str, str]]) -> None:
        self._model = model
        self.name = model.name
        self.parameters: tuple[PhysicsParameter, ...] = model.parameters
        self.curves: Mapping[str, CurveAxis] = dict(getattr(model, "curves", {}))
        like = "{'merit': 'y - 0.001 1/min * time'}"
        values = mapping_of(values, f"with_value of physics {model.name!r}", like, PhysicsError)
        self._given = dict(values)
        if not values:
            raise PhysicsError(
                f"with_value of physics {model.name!r} needs a value, such as "
                "{'merit': 'y - 0.001 1/min * time'}"
            )
        self._values: dict[str, Expression] = {}
        self._units: dict[str, str] = {}
        for name, given in values.items():
            text, unit = _with_unit(given, f"{name!r} on top of physics {model.name!r}")
            si_conversion(unit)
            if name in {*model.outputs, *self.curves}:
                raise PhysicsError(f"physics {model.name!r} predicts {name!r} already; rename it")
            self._values[name] = Expression(text, f"{name!r} on top of physics {model.name!r}")
            self._units[name] = unit
        read = {i.name for i in model.inputs} | set(model.outputs)
        others = dict.fromkeys(n for e in self._values.values() for n in e.names if n not in read)
        self.inputs: tuple[PhysicsInput, ...] = (
            *model.inputs,
            *(PhysicsInput(name) for name in others),
        )
        self.outputs = (*model.outputs, *values)
        self.intermediate = frozenset(model.outputs)
        """Outputs that the values are calculated from: they need not be measured."""
        self.output_units = (*model.output_units, *self._units.values())

    def __getattr__(self, name: str) -> Any:
        # Balances, feeds and steps are those of the model beneath.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._model, name)

    def bind(self, space: SearchSpace) -> BoundPhysics:
        """Return this model on ``space``; raises PhysicsError where they do not fit."""
        return BoundPhysics(self, space)

    def with_priors(self, priors: Mapping[str, Prior]) -> "ValuedPhysics":
        """Return a copy in which some parameters have other priors; see :func:`with_priors`."""
        return ValuedPhysics(with_priors(self._model, priors), self._given)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where an input or a value has another dimension."""
        own = {i.name for i in self._model.inputs}
        self._model.check_units({name: unit for name, unit in units.items() if name in own})
        predicted = dict(zip(self._model.outputs, self._model.output_units, strict=True))
        known = {name: unit for name, unit in {**units, **predicted}.items() if "=" not in name}
        samples = sample_quantities(known)
        for name, expression in self._values.items():
            check_dimension(expression, self._units[name], samples)

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the model's outputs, the values, then the points of the curves.

        Args:
            x: input -> SI values ``[...]``.
            theta: SI parameters ``[..., p]``.

        Returns:
            ``[..., m + sum n]`` in the units of outputs and curves.
        """
        found = self._model.predict(x, theta)
        count = len(self._model.outputs)
        units = zip(self._model.outputs, self._model.output_units, strict=True)
        values = dict(x)
        for column, (name, unit) in enumerate(units):
            factor, offset = si_conversion(unit)
            values[name] = factor * found[..., column] + offset
        columns = []
        for name, expression in self._values.items():
            factor, offset = si_conversion(self._units[name])
            value = (evaluate(expression, values) - offset) / factor
            columns.append(value.expand(found.shape[:-1]))
        made = torch.stack(columns, dim=-1)
        return torch.cat([found[..., :count], made, found[..., count:]], dim=-1)

    def __repr__(self) -> str:
        return f"<{self._model!r} with {', '.join(self._values)}>"


def _with_unit(given: object, what: str) -> tuple[str, str]:
    """Return arithmetic and its unit; raises PhysicsError."""
    pair = (given, "1") if isinstance(given, str) else given
    if not isinstance(pair, tuple) or [type(part) for part in pair] != [str, str]:
        raise PhysicsError(
            f"{what} is arithmetic such as 'y - 0.02 * excess', or a pair of it and its unit, got "
            f"{given!r:.100}"
        )
    return pair[0], pair[1]


def with_value(model: object, values: Mapping[str, str | tuple[str, str]]) -> ValuedPhysics:
    """Return ``model`` with further outputs that are calculated from those that it predicts.

    ::

        valued = with_value(SNAr, {"merit": "y - 0.5*bis - 0.0012 1/min * minutes"})

    Args:
        model: any physics model.
        values: output of the campaign -> arithmetic of the model's outputs and of parameters of
            the space, with quantities where a number has a unit; a pair with the unit of the
            result where it has one.

    Raises:
        PhysicsError: no model, no arithmetic, or a name that the model predicts already.
    """
    return ValuedPhysics(as_physics(model), values)
