"""Derivatives of arithmetic, as arithmetic: the rules of every operation."""

import ast
from collections.abc import Callable


def whole_power(node: ast.expr) -> int | None:
    """Return the whole number that a tree is; None where it is none."""
    match node:
        case ast.Constant(value=int(power)):
            return power
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(power))):
            return -power
        case ast.Constant(value=float(power)) if power.is_integer():
            return int(power)
    return None


def derived(node: ast.expr, name: str) -> ast.expr | None:
    """Return the derivative of a tree by ``name``; None for zero.

    The tree is one that :class:`Expression` accepted.
    """
    match node:
        case ast.Name(id=other):
            found: ast.expr | None = ast.Constant(1) if other == name else None
        case ast.UnaryOp(op=op, operand=operand):
            inner = derived(operand, name)
            found = inner and (_negative(inner) if isinstance(op, ast.USub) else inner)
        case ast.BinOp(left=left, op=op, right=right):
            found = _BINARY[type(op)](node, left, right, name)
        case ast.Call(func=ast.Name(id=function), args=[argument]):
            found = _product(derived(argument, name), _outer_slope(function, argument, node))
        case _:
            found = None
    return found


def _derived_sum(_node: ast.expr, left: ast.expr, right: ast.expr, name: str) -> ast.expr | None:
    return _sum(derived(left, name), derived(right, name))


def _derived_difference(
    _node: ast.expr, left: ast.expr, right: ast.expr, name: str
) -> ast.expr | None:
    taken = derived(right, name)
    return _sum(derived(left, name), taken and _negative(taken))


def _derived_product(
    _node: ast.expr, left: ast.expr, right: ast.expr, name: str
) -> ast.expr | None:
    return _sum(_product(derived(left, name), right), _product(derived(right, name), left))


def _derived_quotient(
    node: ast.expr, left: ast.expr, right: ast.expr, name: str
) -> ast.expr | None:
    second = _product(derived(right, name), node)
    whole = _sum(derived(left, name), second and _negative(second))
    return whole and ast.BinOp(whole, ast.Div(), right)


def _derived_power(node: ast.expr, base: ast.expr, power: ast.expr, name: str) -> ast.expr | None:
    whole = whole_power(power)
    if whole == 0:
        return None
    if whole is not None:
        less: ast.expr = ast.Constant(1)
        if whole != 1:
            less = ast.BinOp(base, ast.Pow(), ast.Constant(whole - 1))
        return _product(derived(base, name), ast.BinOp(ast.Constant(whole), ast.Mult(), less))
    lower = ast.BinOp(base, ast.Pow(), ast.BinOp(power, ast.Sub(), ast.Constant(1.0)))
    by_base = _product(derived(base, name), ast.BinOp(power, ast.Mult(), lower))
    logarithm = ast.Call(ast.Name("log"), [base], [])
    by_power = _product(derived(power, name), ast.BinOp(node, ast.Mult(), logarithm))
    return _sum(by_base, by_power)


_BINARY: dict[type[ast.operator], Callable[..., ast.expr | None]] = {
    ast.Add: _derived_sum,
    ast.Sub: _derived_difference,
    ast.Mult: _derived_product,
    ast.Div: _derived_quotient,
    ast.Pow: _derived_power,
}


def _outer_slope(function: str, argument: ast.expr, node: ast.expr) -> ast.expr:
    if function == "exp":
        return node
    if function == "log":
        return ast.BinOp(ast.Constant(1.0), ast.Div(), argument)
    return ast.BinOp(ast.Constant(0.5), ast.Div(), node)


def _negative(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)


def _sum(first: ast.expr | None, second: ast.expr | None) -> ast.expr | None:
    if first is None or second is None:
        return first or second
    return ast.BinOp(first, ast.Add(), second)


def _product(slope: ast.expr | None, other: ast.expr) -> ast.expr | None:
    if slope is None:
        return None
    if isinstance(slope, ast.Constant) and slope.value == 1:
        return other
    return ast.BinOp(slope, ast.Mult(), other)
