"""Arithmetic in texts: ``P / A0``, ``equivalents*concentration``; Python evaluates nothing of it.

Numbers, quantities such as ``0.0012 1/min`` (a blank before the unit and after it), names,
``+ - * / **``, brackets and exp, log, sqrt. A power that is no whole number of at most 9 stands on
something without a unit.
"""

import ast
import copy
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from labloop.errors import PhysicsError, UnitError
from labloop.physics.language.derivatives import derived, whole_power
from labloop.physics.language.units import si_conversion

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS = ("exp", "log", "sqrt")
_LONGEST = 1000
_GREATEST_POWER = 9
_QUANTITY = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?)[ ]+((?:1/)?[^\W\d][^\s()+,*]*)")
"""A number, a blank, and what may be a unit: ``1/min``, ``mol/L``, ``kJ/mol``, ``m^2/s``."""


class Expression:
    """A parsed text.

    Attributes:
        text: what the author wrote.
        names: the names in it, in order of appearance.

    Raises:
        PhysicsError: anything but arithmetic.
    """

    def __init__(self, text: str, what: str) -> None:
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
            raise PhysicsError(
                f"{what} must be arithmetic in a text of at most {_LONGEST} characters "
                f"such as 'P / A0', got {text!r}"
            )
        self.text = text.strip()
        self.what = what
        names: dict[str, None] = {}
        written, self._quantities = _without_units(self.text)
        try:
            tree = ast.parse(written, mode="eval").body
            self._check(tree, names)
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
            raise PhysicsError(
                f"{what} is no arithmetic: {text!r}; use numbers, names, + - * / ** and brackets "
                "(a quantity needs a blank before its unit and after it: '0.5 mol/L * x')"
            ) from error
        self._tree = tree
        self.names = tuple(name for name in names if name not in self._quantities)

    def _refuse(self, node: ast.AST) -> PhysicsError:
        part = ast.unparse(node)
        return PhysicsError(
            f"{self.what} {self.text!r} contains {part!r}; use numbers, names, + - * /, "
            f"** with a power of at most 9, brackets and {', '.join(_FUNCTIONS)}"
        )

    def derivative(self, name: str) -> "Expression | None":
        """Return the derivative by ``name``; None where it is zero everywhere."""
        tree = derived(self._tree, name)
        if tree is None:
            return None
        made = copy.copy(self)
        made._tree = tree  # noqa: SLF001 - a copy of itself
        made.text = ast.unparse(tree)
        return made

    def _check(self, node: ast.expr, names: dict[str, None]) -> None:
        match node:
            case ast.Constant(value=bool()):
                raise self._refuse(node)
            case ast.Constant(value=int() | float()):
                return
            case ast.Name(id=name):
                names[name] = None
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self._check(operand, names)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as n)):
                if isinstance(n, bool) or not abs(n) <= _GREATEST_POWER:
                    raise self._refuse(node)
                self._check(left, names)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                self._check(left, names)
                self._check(right, names)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                self._check(left, names)
                self._check(right, names)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if (
                name in _FUNCTIONS
            ):
                self._check(argument, names)
            case _:
                raise self._refuse(node)

    def __call__(self, values: Mapping[str, Any], functions: Mapping[str, Any]) -> Any:
        """Return the value; ``values`` may be floats, arrays, tensors or quantities.

        ``functions`` are exp, log, sqrt, pow for powers that are no whole number, and where
        ``values`` are quantities ``quantity``, from an SI value and its unit.
        """
        return self._value(self._tree, values, functions)

    def _value(self, node: ast.expr, values: Mapping[str, Any], fs: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                found: Any = float(number)
            case ast.Name(id=name):
                found = self._named(name, values, fs)
            case ast.UnaryOp(op=op, operand=operand):
                value = self._value(operand, values, fs)
                found = -value if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                base, power = self._value(left, values, fs), whole_power(right)
                if power is None:
                    found = fs["pow"](base, self._value(right, values, fs))
                else:
                    found = base**power
            case ast.BinOp(left=left, op=op, right=right):
                first, second = self._value(left, values, fs), self._value(right, values, fs)
                found = _BINARY[type(op)](first, second)
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                found = fs[name](self._value(argument, values, fs))
            case _:  # pragma: no cover - refused when it was parsed
                raise self._refuse(node)
        return found

    def _named(self, name: str, values: Mapping[str, Any], fs: Mapping[str, Any]) -> Any:
        if name not in self._quantities:
            return values[name]
        size, unit = self._quantities[name]
        return fs["quantity"](size, unit) if "quantity" in fs else size

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def _without_units(text: str) -> tuple[str, dict[str, tuple[float, str]]]:
    """Return a text with a name in the place of each quantity, and name -> SI value and unit."""
    found: dict[str, tuple[float, str]] = {}

    def named(match: re.Match[str]) -> str:
        number, unit = match.groups()
        try:
            factor, offset = si_conversion(unit)
        except (PhysicsError, UnitError):
            return match[0]
        if offset:
            return match[0]
        name = f"quantity_{len(found)}_"
        found[name] = (factor * float(number), unit)
        return name

    return _QUANTITY.sub(named, text), found
