"""Arithmetic in texts: ``P / A0``, ``equivalents*concentration``; Python evaluates nothing of it.

Numbers, names, ``+ - * / **`` (a constant whole power), brackets and exp, log, sqrt.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from labloop.errors import PhysicsError

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS = ("exp", "log", "sqrt")
_LONGEST = 300


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
        try:
            tree = ast.parse(self.text, mode="eval").body
            self._check(tree, names)
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
            raise PhysicsError(
                f"{what} is no arithmetic: {text!r}; use numbers, names, + - * / ** and brackets "
                "(a quantity with a unit, such as '0.1 mol/L', can only stand alone)"
            ) from error
        self._tree = tree
        self.names = tuple(names)

    def _refuse(self, node: ast.AST) -> PhysicsError:
        part = ast.unparse(node)
        return PhysicsError(
            f"{self.what} {self.text!r} contains {part!r}; use numbers, names, + - * /, "
            f"** with a whole power, brackets and {', '.join(_FUNCTIONS)}"
        )

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
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))):
                if isinstance(power, bool) or abs(power) > 9:
                    raise self._refuse(node)
                self._check(left, names)
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
        """Return the value; ``values`` may be floats, tensors or quantities."""
        return self._value(self._tree, values, functions)

    def _value(self, node: ast.expr, values: Mapping[str, Any], fs: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return values[name]
            case ast.UnaryOp(op=op, operand=operand):
                value = self._value(operand, values, fs)
                return -value if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))):
                return self._value(left, values, fs) ** power
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](
                    self._value(left, values, fs), self._value(right, values, fs)
                )
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return fs[name](self._value(argument, values, fs))
            case _:  # pragma: no cover - refused when it was parsed
                raise self._refuse(node)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"
