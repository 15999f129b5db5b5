"""Ways to break a driver, one place at a time, by rules that read its syntax tree.

``checksum``: it is not compared, begins with another value, or is combined in another way.
``unit``: a factor is ten times as large, or a unit is another one. ``error``: a bad quality is
told as good, a value that stands for none is zero, an error is not raised.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["checksum", "unit", "error"]
KINDS: tuple[Kind, ...] = ("checksum", "unit", "error")
OTHER_UNITS = {
    "1": "%",
    "%": "1",
    "A": "mA",
    "K": "mK",
    "V": "mV",
    "degC": "K",
    "g": "mg",
    "mAU": "AU",
    "mL": "uL",
    "mL/min": "uL/min",
    "mV": "V",
    "mg/L": "g/L",
    "min": "s",
    "mm": "cm",
    "rpm": "Hz",
    "s": "min",
    "uL": "mL",
    "uS/cm": "mS/cm",
}
"""A unit of a driver -> the one that a mutant tells in its place."""
_RAISED = frozenset(
    {"DeviceFaultError", "LimitError", "ProtocolError", "WrongDeviceError", "UncertainError"}
)
_CHECKSUM_WORDS = ("crc", "checksum", "xor")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A driver's file with one place broken."""

    kind: Kind
    file: str
    line: int
    what: str
    source: str


_ANSWERS = frozenset({"answer", "block", "data", "datum", "reply", "told", "text", "word"})
"""What answers are called in the protocols."""
_BUILDERS = frozenset({"command", "frame", "line", "packet", "question"})
"""What makes the bytes that are sent."""


@dataclass(frozen=True, slots=True)
class _Site:
    kind: Kind
    node: ast.AST
    what: str
    breaks: Callable[[ast.AST], None]
    """Breaks the same node of a copy."""


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a file, in the order of its lines."""
    tree = ast.parse(source)
    _leave_out_what_is_sent(tree, file)
    place = {id(node): number for number, node in enumerate(ast.walk(tree))}
    sites = [site for rule in _RULES for node in ast.walk(tree) for site in rule(node)]
    for site in sorted(sites, key=lambda each: getattr(each.node, "lineno", 0)):
        broken = copy.deepcopy(tree)
        site.breaks(list(ast.walk(broken))[place[id(site.node)]])
        text = ast.unparse(ast.fix_missing_locations(broken))
        yield Mutant(site.kind, file, getattr(site.node, "lineno", 0), site.what, text)


def _leave_out_what_is_sent(tree: ast.Module, file: str) -> None:
    """Mark conditions of a protocol on what the driver itself sends: it never sends such."""
    for function in ast.walk(tree) if file == "_protocol" else ():
        if isinstance(function, ast.FunctionDef):
            names = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}
            if not names & _ANSWERS or function.name in _BUILDERS:
                for node in ast.walk(function):
                    node.is_sent = True  # type: ignore[attr-defined]  # a mark of our own


def _errors(node: ast.AST) -> Iterator[_Site]:
    """A condition under which something is raised never holds."""
    if not isinstance(node, ast.If) or not isinstance(node.body[-1], ast.Raise):
        return
    if hasattr(node, "is_sent"):
        return
    raised = node.body[-1].exc
    function = raised.func if isinstance(raised, ast.Call) else raised
    if not isinstance(function, ast.Name) or function.id not in _RAISED:
        return
    test = ast.unparse(node.test)
    kind: Kind = "checksum" if any(word in test for word in _CHECKSUM_WORDS) else "error"
    yield _Site(kind, node, f"not raised: {function.id} if {test}", _never)


def _never(node: ast.AST) -> None:
    assert isinstance(node, ast.If)  # noqa: S101 - for the type checker
    node.test = ast.Constant(False)


def _checksums(node: ast.AST) -> Iterator[_Site]:
    """A checksum begins with another value, or is combined by another operation."""
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func)
    if name.endswith("crc_hqx") and isinstance(node.args[1], ast.Constant):
        yield _Site("checksum", node, "the CRC begins with another value", _other_start)
    if name == "reduce" and ast.unparse(node.args[0]) == "xor":
        yield _Site("checksum", node, "or in place of exclusive or", _or)


def _other_start(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
    assert isinstance(node.args[1], ast.Constant)  # noqa: S101 - same
    assert isinstance(node.args[1].value, int)  # noqa: S101 - same
    node.args[1] = ast.Constant(node.args[1].value ^ 1)


def _or(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
    node.args[0] = ast.parse("lambda a, b: a | b", mode="eval").body


def _factors(node: ast.AST) -> Iterator[_Site]:
    """A factor is ten times as large: in a product, or in a table of factors."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        for side in (node.left, node.right):
            if _is_factor(side):
                yield _Site("unit", side, f"ten times as large: {ast.unparse(node)}", _ten)
    if isinstance(node, ast.Dict) and node.values and all(map(_is_number, node.values)):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                told = f"ten times as large: {ast.unparse(key)}: {ast.unparse(value)}"
                yield _Site("unit", value, told, _ten)


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) and _is_number(node.right)
    return isinstance(node, ast.Constant) and type(node.value) is float


def _is_factor(node: ast.expr) -> bool:
    """Whether a number is a factor between units: a power of ten, or of 60."""
    value = node.value if isinstance(node, ast.Constant) else None
    return type(value) in {int, float} and value in {1e-3, 60, 100, 1000, 60_000}


def _ten(node: ast.AST) -> None:
    """Make a number ten times as large, also where it is a quotient."""
    while isinstance(node, ast.BinOp):
        node = node.left
    assert isinstance(node, ast.Constant)  # noqa: S101 - for the type checker
    assert isinstance(node.value, (int, float))  # noqa: S101 - same
    node.value *= 10


def _units(node: ast.AST) -> Iterator[_Site]:
    """A unit is another one: of a reading, an argument, a curve, or in a table of units."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        told = [*node.args, *(each.value for each in node.keywords)]
        if name == "Arg" or name.endswith(("reading", "CurveData")):
            for each in told[:1] if name == "Arg" else told:
                yield from _unit(each, name)
    elif isinstance(node, ast.Dict) and node.values:
        texts = [each.value for each in node.values if isinstance(each, ast.Constant)]
        if len(texts) == len(node.values) and all(text in OTHER_UNITS for text in texts):
            for each in node.values:
                yield from _unit(each, "the table")


def _unit(node: ast.expr, where: str) -> Iterator[_Site]:
    if isinstance(node, ast.Constant) and node.value in OTHER_UNITS:
        other = OTHER_UNITS[str(node.value)]
        yield _Site("unit", node, f"{other} in place of {node.value} in {where}", _another)


def _another(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)  # noqa: S101 - for the type checker
    node.value = OTHER_UNITS[str(node.value)]


def _qualities(node: ast.AST) -> Iterator[_Site]:
    """A bad quality is told as good, and a value that is not there as zero."""
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Quality":
        if node.attr != "OK":
            yield _Site("error", node, f"OK in place of {node.attr}", _good)
    elif isinstance(node, ast.IfExp):
        for each in (node.body, node.orelse):
            if isinstance(each, ast.Constant) and each.value is None:
                yield _Site("error", each, f"0 in place of none: {ast.unparse(node)}", _zero)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
        for each in node.value.args:
            if isinstance(each, ast.Constant) and each.value is None:
                yield _Site("error", each, f"0 in place of none: {ast.unparse(node)}", _zero)


def _good(node: ast.AST) -> None:
    assert isinstance(node, ast.Attribute)  # noqa: S101 - for the type checker
    node.attr = "OK"


def _zero(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)  # noqa: S101 - for the type checker
    node.value = 0.0


_RULES: tuple[Callable[[ast.AST], Iterator[_Site]], ...] = (
    _errors,
    _checksums,
    _factors,
    _units,
    _qualities,
)
