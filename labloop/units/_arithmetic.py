"""Arithmetic of quantities: that of pint, with a sentence for every operation it refuses.

Temperatures in degC are on an interval scale (in pint an offset unit): two of them have a
difference but no sum, and a multiple of one means nothing. A quantity in K beside one in degC is
taken for a difference: ``80 degC + 5 K`` is 85 degC.
"""

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import pint

from labloop.errors import UnitError
from labloop.units._splitting import split

_TEMPERATURE, _ABSOLUTE = {"degree_Celsius": 1}, {"kelvin": 1}
_COMPARED = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}


class LabQuantity(pint.UnitRegistry.Quantity[Any]):
    """A quantity of pint whose refusals are sentences of labloop.

    The methods are those of :class:`pint.Quantity`; each raises UnitError where units do not fit.
    """

    def __add__(self, other: Any) -> Any:
        """Return the sum."""
        one, two = _differences(self, other, "+")
        return _answer(super(LabQuantity, one).__add__, "+", self, other, two)

    def __radd__(self, other: Any) -> Any:
        """Return the sum; what is not a quantity stands before the sign."""
        return _answer(super().__radd__, "+", self, other)

    def __sub__(self, other: Any) -> Any:
        """Return the difference."""
        return _answer(super().__sub__, "-", self, other, _differences(self, other, "-")[1])

    def __rsub__(self, other: Any) -> Any:
        """Return the difference; what is not a quantity stands before the sign."""
        return _answer(super().__rsub__, "-", self, other)

    def __mul__(self, other: Any) -> Any:
        """Return the product."""
        return _answer(super().__mul__, "*", self, other)

    def __truediv__(self, other: Any) -> Any:
        """Return the quotient."""
        return _answer(super().__truediv__, "/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        """Return the quotient; what is not a quantity stands above."""
        return _answer(super().__rtruediv__, "/", self, other)

    def __floordiv__(self, other: Any) -> Any:
        """Return the quotient's whole part."""
        return _answer(super().__floordiv__, "//", self, other)

    def __mod__(self, other: Any) -> Any:
        """Return what is left of a division."""
        return _answer(super().__mod__, "%", self, other)

    def __pow__(self, other: Any) -> Any:
        """Return the power."""
        return _answer(super().__pow__, "**", self, other)

    def compare(self, other: Any, op: Callable[[Any, Any], Any]) -> Any:
        """Return whether the comparison holds."""

        def go(value: Any) -> Any:
            return super(LabQuantity, self).compare(value, op)

        return _answer(go, _COMPARED.get(op, "compared with"), self, other)

    __rmul__ = __mul__
    __iadd__, __isub__, __imul__, __itruediv__ = __add__, __sub__, __mul__, __truediv__


def _differences(one: Any, two: Any, sign: str) -> tuple[Any, Any]:
    """Return both terms; one in K beside one in degC becomes a difference in degC."""
    units = [dict(getattr(value, "_units", {})) for value in (one, two)]
    if units == [_TEMPERATURE, _ABSOLUTE]:
        return one, type(one)(two.magnitude, "delta_degree_Celsius")
    if units == [_ABSOLUTE, _TEMPERATURE]:
        if sign == "-":
            raise UnitError(f"{_text(one)} - {_text(two)}: write both in one unit")
        return type(two)(one.magnitude, "delta_degree_Celsius"), two
    return one, two


_NOTHING = object()


def _answer(
    go: Callable[[Any], Any], sign: str, one: Any, two: Any, given: object = _NOTHING
) -> Any:
    try:
        found = go(two if given is _NOTHING else given)
    except (pint.OffsetUnitCalculusError, pint.DimensionalityError, ValueError) as error:
        raise UnitError(_refusal(sign, one, two)) from error
    # From 0.26 on pint leaves a text to Python, which knows nothing to say of it.
    if found is NotImplemented and (two is None or isinstance(two, (str, bytes))):
        raise UnitError(_refusal(sign, one, two))
    return found


def _refusal(sign: str, one: Any, two: Any) -> str:
    operation = f"{_text(one)} {sign} {_text(two)}"
    if sign not in _LIKE:
        return f"{operation}: {_MULTIPLES if _is_offset(one) or _is_offset(two) else _NO_ANSWER}"
    if isinstance(two, (int, float)):
        unit = "K" if _is_offset(one) and sign in {"+", "-"} else _text(one).partition(" ")[2]
        return f"{operation}: {two!r} has no unit; write quantity({two!r}, {unit!r})"
    if not isinstance(two, LabQuantity):
        return f"{operation}: {_NO_ANSWER}"
    if one.dimensionality != two.dimensionality:
        return f"{operation}: quantities of different dimensions are neither added nor compared"
    return f"{operation}: {_SUMS}"


_LIKE = {"+", "-", *_COMPARED.values()}
_NO_ANSWER = "a quantity does not go with that"
_SUMS = (
    "temperatures in degC are not added, only a difference in K is, such as quantity(5, 'K'); "
    "the mean of a and b is a + (b - a) / 2"
)
_MULTIPLES = (
    "a temperature in degC has no multiples, products or powers; take .to('K') for the absolute "
    "temperature, or .magnitude for the number"
)


def _is_offset(value: Any) -> bool:
    return dict(getattr(value, "_units", {})) == _TEMPERATURE


def _text(value: Any) -> str:
    if not isinstance(value, LabQuantity):
        return repr(value)
    try:
        number, unit = split(value, value._REGISTRY)  # noqa: SLF001 - pint keeps it there
    except UnitError:
        return f"{value:~}"
    return f"{number:g} {unit}"


class LabRegistry(pint.registry.GenericUnitRegistry[LabQuantity, pint.Unit]):
    """A registry of pint whose quantities are :class:`LabQuantity`."""

    Quantity: TypeAlias = LabQuantity
    Unit: TypeAlias = pint.Unit
