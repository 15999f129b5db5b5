"""The coefficients of a model: learned, constant, read from the space, or looked up by category."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language.expression import Expression
from labloop.physics.language.formula import GAS, GAS_CONSTANT, By, Formula, Shared, given_unit
from labloop.physics.language.known_values import (
    KnownValue,
    check_dimension,
    evaluate,
    parse_known_value,
    sample_quantities,
)
from labloop.physics.language.model import PhysicsInput
from labloop.physics.language.prior import PhysicsParameter, Prior
from labloop.physics.language.units import si_conversion
from labloop.records import mapping_of
from labloop.units import same_dimension

CoefficientLike: TypeAlias = Prior | Shared | By | Formula | str | float
"""What a user may write for a coefficient; a text is a quantity or arithmetic of inputs."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """Where one number comes from; made by :meth:`Coefficients.add`."""

    source: KnownValue | None = None
    column: int | None = None
    lookup: str = ""
    by_category: tuple[tuple[str, int], ...] = ()
    """Input that is 1 for a category -> the parameter's column."""
    formula: Expression | None = None
    parts: tuple[tuple[str, "Coefficient"], ...] = ()
    """Name in the formula -> its coefficient."""

    @property
    def constant(self) -> float | None:
        """The SI value where it is neither learned nor read."""
        return self.source.constant if self.source else None

    def value(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the SI value at SI inputs and parameters ``[..., p]``."""
        if self.column is not None:
            return theta[..., self.column]
        if self.source is not None:
            return self.source.value(x)
        if self.lookup:
            return x[self.lookup]
        if self.formula is not None:
            parts = {name: part.value(x, theta) for name, part in self.parts}
            gas = torch.tensor(GAS_CONSTANT, dtype=torch.float64)
            return evaluate(self.formula, {GAS: gas, **x, **parts})
        total = torch.zeros((), dtype=torch.float64)
        for name, column in self.by_category:
            total = total + x[name] * theta[..., column]
        return total


class Coefficients:
    """The coefficients of the model called ``model``: what it learns and what it reads.

    Args:
        lookup: name that arithmetic may use -> its number by category.
        after: coefficients that come first, of a model that this one is built on.

    Raises:
        PhysicsError: a look-up that is no :class:`By` of given numbers.
    """

    def __init__(
        self,
        model: str,
        lookup: Mapping[str, By] | None = None,
        after: "Coefficients | None" = None,
    ) -> None:
        self.model = model
        self._parameters: list[PhysicsParameter] = list(after.parameters) if after else []
        self._known_values: list[KnownValue] = list(after._known_values) if after else []  # noqa: SLF001 - of its own kind
        self._lookups: dict[str, PhysicsInput] = dict(after._lookups) if after else {}  # noqa: SLF001 - as above
        self._read: list[str] = list(after._read) if after else []  # noqa: SLF001 - as above
        self._formulas: list[_FormulaUnits] = list(after._formulas) if after else []  # noqa: SLF001 - as above
        given = mapping_of(
            {} if lookup is None else lookup,
            f"lookup= of physics {model!r}",
            "{'polarity': By('solvent', {...})}",
            PhysicsError,
        )
        for name, by in given.items():
            if not isinstance(by, By) or any(isinstance(v, Prior) for v in by.values.values()):
                raise PhysicsError(
                    f"lookup={{{name!r}: ...}} of physics {model!r} needs given numbers by "
                    f"category, such as By('solvent', {{'DMF': 36.7, 'MeCN': 37.5}}), got {by!r}"
                )
            self._add_lookup(name, by, None)

    @property
    def parameters(self) -> tuple[PhysicsParameter, ...]:
        """What is learned."""
        return tuple(self._parameters)

    def with_priors(self, priors: Mapping[str, Prior]) -> "Coefficients":
        """Return a copy in which some parameters have other priors."""
        made = Coefficients(self.model, after=self)
        made._parameters = [
            PhysicsParameter(p.name, priors.get(p.name, p.prior)) for p in self._parameters
        ]
        return made

    @property
    def inputs(self) -> tuple[PhysicsInput, ...]:
        """What is read: parameters of the space, then look-ups."""
        found: dict[str, str | None] = {}
        for given in self._known_values:
            for name in given.names:
                if name not in self._lookups:
                    found[name] = given.unit if given.is_name else found.get(name)
        for name in self._read:
            if name not in self._lookups:
                found.setdefault(name, None)
        read = (PhysicsInput(name, unit) for name, unit in found.items())
        return (*read, *self._lookups.values())

    def read(self, names: Iterable[str]) -> None:
        """Add parameters of the space that arithmetic uses, in whatever unit they have there."""
        self._read += [name for name in names if name not in self._read]

    def add(self, label: str, given: CoefficientLike, unit: str, what: str = "") -> Coefficient:
        """Add the coefficient ``label`` and return it; its values are SI of ``unit``'s dimension.

        Args:
            label: what the parameter is called where it is learned.
            given: what the author wrote.
            unit: a unit of the dimension that is needed.
            what: how messages name it; ``label`` where empty.

        Raises:
            PhysicsError: no number, or one of another dimension.
        """
        what = what or f"{label} of physics {self.model!r}"
        if isinstance(given, Prior):
            return Coefficient(column=self._add_parameter(label, given, unit, what))
        if isinstance(given, Shared):
            return Coefficient(column=self._add_shared(given, unit, what))
        if isinstance(given, By):
            return self._add_by_category(label, given, unit, what)
        if isinstance(given, Formula):
            return self._add_formula(label, given, unit, what)
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            given = f"{float(given)!r}"
        if not isinstance(given, str):
            raise PhysicsError(
                f"{what} must be a Prior, a quantity like {unit!r}, the name of a parameter, "
                f"By(category, ...) or Formula(...), got {given!r}"
            )
        value = parse_known_value(what, given, unit)
        self._known_values.append(value)
        return Coefficient(source=value)

    def _add_parameter(self, label: str, prior: Prior, unit: str, what: str) -> int:
        if not same_dimension(prior.unit, unit):
            raise PhysicsError(f"{what} is given in {prior.unit!r}; it needs a unit like {unit!r}")
        if label in {p.name for p in self._parameters}:
            raise PhysicsError(f"physics {self.model!r} calls two parameters {label!r}")
        prior.si_coefficients()
        self._parameters.append(PhysicsParameter(label, prior))
        return len(self._parameters) - 1

    def _add_shared(self, given: Shared, unit: str, what: str) -> int:
        for column, parameter in enumerate(self._parameters):
            if parameter.name == given.name:
                if parameter.prior != given.prior:
                    raise PhysicsError(
                        f"{what} shares {given.name!r}, which has another prior elsewhere: "
                        f"{parameter.prior} and {given.prior}; write it once and use it twice"
                    )
                return column
        return self._add_parameter(given.name, given.prior, unit, what)

    def _add_by_category(self, label: str, by: By, unit: str, what: str) -> Coefficient:
        if not isinstance(next(iter(by.values.values())), Prior):
            self._add_lookup(label, by, unit)
            return Coefficient(lookup=label)
        by_category = []
        for level, prior in by.values.items():
            indicator = f"{by.category}={level}"
            indicators = {other: float(other == level) for other in by.values}
            self._lookups[indicator] = PhysicsInput(indicator, "1", by.category, indicators)
            assert isinstance(prior, Prior)  # noqa: S101 - By holds only one kind
            by_category.append(
                (indicator, self._add_parameter(f"{label}[{level}]", prior, unit, what))
            )
        return Coefficient(by_category=tuple(by_category))

    def _add_formula(self, label: str, given: Formula, unit: str, what: str) -> Coefficient:
        expression = Expression(given.text, what)
        unused = [name for name in given.constants if name not in expression.names]
        if unused:
            raise PhysicsError(
                f"{what}, {given.text!r}, does not use {', '.join(unused)}; it reads "
                f"{', '.join(expression.names) or 'nothing'}"
            )
        units = {name: given_unit(name, c, what) for name, c in given.constants.items()}
        parts = tuple(
            (name, self.add(f"{label}.{name}", constant, units[name], f"{name} in {what}"))
            for name, constant in given.constants.items()
        )
        self.read(n for n in expression.names if n not in {*units, GAS})
        self._formulas.append(_FormulaUnits(expression, unit, units))
        return Coefficient(formula=expression, parts=parts)

    def _add_lookup(self, name: str, by: By, unit: str | None) -> None:
        levels = {}
        for level, given in by.values.items():
            text = given if isinstance(given, str) else f"{float(given)!r}"  # type: ignore[arg-type]  # no Prior here
            what = f"{name} for {by.category} = {level} in physics {self.model!r}"
            value = parse_known_value(what, text, unit if unit is not None else _unit_of(text))
            if value.constant is None:
                raise PhysicsError(f"{what} must be a number, with its unit, got {given!r}")
            levels[level] = value.constant
            unit = unit if unit is not None else _unit_of(text)
        if name in self._lookups:
            raise PhysicsError(f"physics {self.model!r} looks {name!r} up twice; name one anew")
        self._lookups[name] = PhysicsInput(name, unit, by.category, levels)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where inputs in these units give a number another dimension."""
        for given in self._known_values:
            given.check(units)
        for formula in self._formulas:
            names = {GAS: "J/mol/K", **units, **formula.constants}
            check_dimension(formula.expression, formula.unit, self.sample_quantities(names))

    def sample_quantities(self, units: Mapping[str, str]) -> dict[str, Any]:
        """Return a quantity for every name, for calculating with units."""
        return sample_quantities({name: unit for name, unit in units.items() if "=" not in name})


@dataclass(frozen=True, slots=True)
class _FormulaUnits:
    """A formula, the unit whose dimension it must have, and constant -> its unit."""

    expression: Expression
    unit: str
    constants: Mapping[str, str]


def _unit_of(text: str) -> str:
    words = text.split(maxsplit=1)
    unit = words[1].strip() if len(words) == 2 else "1"
    si_conversion(unit)
    return unit
