"""Known values: constants, inputs, and arithmetic of inputs, with a unit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from labloop.errors import PhysicsError, UnitError
from labloop.physics.language.expression import Expression
from labloop.physics.language.units import si_conversion, si_quantity
from labloop.units import same_dimension, split_quantity

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "pow": torch.pow,
}


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A constant (SI) or an expression over inputs, with the unit whose dimension it must have."""

    what: str
    unit: str
    constant: float | None = None
    expression: Expression | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that are read."""
        return self.expression.names if self.expression else ()

    @property
    def is_name(self) -> bool:
        """Whether this is one input by itself, whose unit is then known without the space."""
        return self.expression is not None and self.expression.names == (self.expression.text,)

    def value(self, x: Mapping[str, Tensor]) -> Tensor:
        """Return the SI value at SI inputs."""
        if self.expression is None:
            return torch.tensor(self.constant, dtype=torch.float64)
        return evaluate(self.expression, x)

    def check(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where inputs in these units give another dimension."""
        if self.expression is not None:
            check_dimension(self.expression, self.unit, sample_quantities(units))


def parse_known_value(what: str, text: str, unit: str) -> KnownValue:
    """Return the value that ``text`` means: ``60 degC``, ``temperature``, ``a*b``.

    Raises:
        PhysicsError: no quantity and no arithmetic, or a quantity of another dimension.
    """
    try:
        number, given = split_quantity(text)
    except UnitError:
        return KnownValue(what, unit, expression=Expression(text, what))
    if not same_dimension(given, unit):
        raise PhysicsError(f"{what} is {text!r}, expected a quantity like {unit!r}")
    factor, offset = si_conversion(given)
    return KnownValue(what, unit, constant=factor * number + offset)


def evaluate(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    """Return the value of an expression over tensors, as a float64 tensor."""
    value: Any = expression(values, _FUNCTIONS)
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)


def sample_quantities(units: Mapping[str, str]) -> dict[str, Any]:
    """Return a quantity for every name, each of another size, so that no difference is zero."""
    return {
        name: si_quantity(unit) * (1.0 + 0.37 * i) for i, (name, unit) in enumerate(units.items())
    }


def check_dimension(expression: Expression, unit: str, values: Mapping[str, Any]) -> None:
    """Raise PhysicsError where ``expression`` over quantities is nothing like ``unit``."""
    functions: dict[str, Callable[..., Any]] = {
        **dict.fromkeys(_FUNCTIONS, _pure),
        "pow": _pure_power,
        "quantity": lambda size, given: si_quantity(given) * size,
    }
    wanted = si_quantity(unit)
    try:
        _ = expression(values, functions) + 0.0 * wanted
    except UnitError as error:
        # What to write instead is advice for a procedure, not for an expression.
        raise PhysicsError(
            f"{expression.what} {expression.text!r} has no meaning in units, expected a quantity "
            f"like {unit!r}: {error.__cause__}"
        ) from error
    except ZeroDivisionError:
        return


def _pure(value: Any) -> Any:
    """Return 1; raises UnitError where ``value`` has a dimension."""
    return 0.0 * (value + 0.0) + 1.0


def _pure_power(base: Any, power: Any) -> Any:
    """Return 1; raises UnitError where base or power has a dimension."""
    return _pure(base) * _pure(power)
