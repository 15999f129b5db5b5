"""Mistakes in the source of a procedure: an action not awaited, a blocking call, no return."""

import ast
import inspect
import textwrap
from collections.abc import Iterator

from labloop.campaign.checks.finding import Finding
from labloop.campaign.definition import CampaignSpec, Definition, code_of
from labloop.errors import LabloopError
from labloop.lab import (
    load_lab_file,
    look_at_host,
    plan_lab,
)
from labloop.records import Mode

_BLOCKING = {"time.sleep", "input", "requests.get", "requests.post", "subprocess.run", "open"}


_ADVICE = {"time.sleep": "await lab.wait(quantity(5, 's'))"}


def awaitable_names(definition: Definition) -> frozenset[str]:
    """Return the names of everything that must be awaited; empty where no lab can tell."""
    try:
        if definition.host is not None:
            plan = look_at_host(definition.host, None).plan
        elif definition.lab_file is not None:
            plan = plan_lab(load_lab_file(definition.lab_file), Mode.SIMULATED)
        else:
            return frozenset()
    except LabloopError:
        return frozenset()
    drivers = plan.drivers.values()
    return frozenset(name for driver in drivers for name in (*driver.actions, *driver.reads))


def procedure_mistakes(spec: CampaignSpec, actions: frozenset[str]) -> Iterator[Finding]:
    """Yield what a reader sees at once: actions not awaited, calls that block, no return."""
    assert spec.procedure is not None  # noqa: S101 - asked by the only caller
    try:
        lines, first = inspect.getsourcelines(code_of(spec.procedure))
    except (OSError, TypeError):
        return
    tree = ast.parse(textwrap.dedent("".join(lines)))
    function = tree.body[0]
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    if not spec.is_function:
        yield from _lab_mistakes(function, first, actions)
    if not any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(function)):
        yield Finding(
            False, f"{function.name} returns nothing; end it with return {{'name': value}}"
        )


def _lab_mistakes(
    function: ast.FunctionDef | ast.AsyncFunctionDef, first: int, actions: frozenset[str]
) -> Iterator[Finding]:
    """Yield actions not awaited and calls that block the lab; ``first``: the function's line."""
    if not function.args.args:
        return
    lab = function.args.args[0].arg
    for node in ast.walk(function):
        line = first + getattr(node, "lineno", 1) - 1
        for name in _not_awaited(node, lab, actions):
            yield Finding(
                False, f"line {line}: {name}(...) is not awaited; write 'await {name}(...)'"
            )
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _BLOCKING:
            name = ast.unparse(node.func)
            instead = _ADVICE.get(name, "the procedure's awaitable actions")
            yield Finding(False, f"line {line}: {name}(...) blocks the whole lab; use {instead}")


def _not_awaited(node: ast.AST, lab: str, actions: frozenset[str]) -> Iterator[str]:
    """Yield calls that stand where only their result makes sense, and have none."""
    values: list[ast.expr | None] = []
    if isinstance(node, (ast.Expr, ast.Return)):
        values = [node.value]
        if isinstance(node.value, ast.Dict):
            values = list(node.value.values)
    for value in values:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            name = ast.unparse(value.func)
            if value.func.attr in actions or (
                isinstance(node, ast.Expr) and name.startswith(f"{lab}.")
            ):
                yield name
