"""What can be found wrong in a campaign without moving anything, and a rehearsal."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labloop.campaign.checks.concurrency import rehearse_parallel
from labloop.campaign.definition import CampaignSpec, Definition, load_campaign, name_of
from labloop.campaign.execution import Conditions, to_measurement
from labloop.errors import CampaignError, LabloopError
from labloop.lab import (
    Lab,
    LabHost,
    LabJob,
    MemoryJournal,
    load_lab_file,
    plan_lab,
    run_procedure,
)
from labloop.records import JournalEntry, Json, Mode, Point

_BLOCKING = {"time.sleep", "input", "requests.get", "requests.post", "subprocess.run", "open"}
_ADVICE = {"time.sleep": "await lab.wait(quantity(5, 's'))"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: good, or what to change."""

    good: bool
    text: str


def check_campaign(path: str | Path) -> Iterator[Finding]:
    """Yield a finding for everything that can be checked without running an experiment."""
    try:
        definition = load_campaign(path)
    except LabloopError as error:
        yield Finding(False, str(error))
        return
    spec = definition.spec
    yield Finding(True, f"it keeps a copy of {', '.join(sorted(definition.bundle.files))}")
    yield Finding(True, f"{len(spec.space.parameters)} parameters, all constraints can be met")
    fits = _attempt("strategy and physics fit the space", spec.resolve)
    yield fits
    if fits.good:
        yield from _physics(spec)
    lab_file = definition.lab_file
    opens = lab_file is not None
    if lab_file is not None:
        opened = _attempt(
            f"the lab file {lab_file.name} fits its drivers, and every simulated device answers",
            lambda: _open(definition),
        )
        yield opened
        opens = opened.good
    if spec.procedure is not None:
        mistakes = list(_mistakes(spec, _actions(lab_file)))
        yield from mistakes or [Finding(True, _procedure_words(spec))]
        if opens and not mistakes and spec.parallel > 1:
            yield _at_once(definition)


def _at_once(definition: Definition) -> Finding:
    spec = definition.spec
    assert spec.procedure is not None  # noqa: S101 - asked by the only caller
    host = _simulated(definition, MemoryJournal(), "together")
    host.on_alarm = lambda _: None
    found = rehearse_parallel(
        host, spec.procedure, spec.space, parallel=spec.parallel, seed=spec.seed
    )
    return Finding(*found)


def _procedure_words(spec: CampaignSpec) -> str:
    if not spec.is_function:
        return "the procedure awaits what it calls"
    at_once = f"{spec.parallel} at once" if spec.parallel > 1 else "one after the other"
    return (
        f"{name_of(spec.procedure)} is a plain function: it carries experiments out in this "
        f"process, {at_once}, without a lab"
    )


def _physics(spec: CampaignSpec) -> Iterator[Finding]:
    """Yield whether each physics gives numbers all over the space, without which none is used."""
    if not spec.competing:
        return
    from labloop.physics import as_physics, check_physics  # noqa: PLC0415 - loads torch

    for given in spec.competing:
        model = as_physics(given)
        found = check_physics(model, spec.space).findings
        wrong = [f for f in found if not f.holds and f.name in {"values", "batches"}]
        for finding in wrong:
            yield Finding(False, f"physics {model.name!r}, {finding.name}: {finding.sentence}")
        if not wrong:
            yield Finding(True, f"physics {model.name!r} gives numbers all over the space")


def _attempt(what: str, call: Callable[[], object]) -> Finding:
    try:
        call()
    except LabloopError as error:
        return Finding(False, str(error))
    return Finding(True, what)


def _open(definition: Definition) -> None:
    """Open the lab and close it, in simulation; raises LabloopError."""
    with _simulated(definition, MemoryJournal(), "check"):
        pass


def _simulated(definition: Definition, journal: MemoryJournal, name: str) -> LabHost:
    return LabHost(
        load_lab_file(definition.folder / str(definition.spec.lab)),
        mode=Mode.SIMULATED,
        journal=journal,
        campaign_id=name,
        seed=definition.spec.seed,
    )


def _actions(lab_file: Path | None) -> frozenset[str]:
    """Return the names of everything that must be awaited; empty where no lab can tell."""
    if lab_file is None:
        return frozenset()
    try:
        drivers = plan_lab(load_lab_file(lab_file), Mode.SIMULATED).drivers.values()
    except LabloopError:
        return frozenset()
    return frozenset(name for driver in drivers for name in (*driver.actions, *driver.reads))


def _mistakes(spec: CampaignSpec, actions: frozenset[str]) -> Iterator[Finding]:
    """Yield what a reader sees at once: actions not awaited, calls that block, no return."""
    assert spec.procedure is not None  # noqa: S101 - asked by the only caller
    try:
        lines, first = inspect.getsourcelines(spec.procedure)
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


def rehearse(definition: Definition, point: Point) -> list[str]:
    """Run the procedure once on a simulated lab and return what would be sent, in words.

    Nothing is stored. Raises CampaignError where the campaign has no procedure, and whatever
    the procedure itself would raise.
    """
    spec, procedure = definition.spec, definition.spec.procedure
    if procedure is None:
        raise CampaignError(f"campaign {spec.name!r} has no procedure to rehearse")
    if spec.is_function:
        raise CampaignError(
            f"{name_of(procedure)} is a plain function: what it does is not known without doing "
            "it; try it without --dry"
        )
    journal = MemoryJournal()

    x = Conditions(point, spec.units)

    async def once(lab: Lab) -> Any:
        return to_measurement(await run_procedure(procedure, lab, x), spec.units)

    host = _simulated(definition, journal, "rehearsal")
    with host:
        measurement = host.start([LabJob("rehearsal-0001", once)])[0].result()
        took = host.now()
    lines = [_in_words(entry) for entry in journal.entries("rehearsal", "rehearsal-0001")]
    return [
        *lines,
        f"takes {took / 60:.1f} min of lab time",
        f"returns {', '.join(measurement.raw)}",
    ]


def _in_words(entry: JournalEntry) -> str:
    intent = entry.intent
    given = ", ".join(f"{name}={_value(value)}" for name, value in intent.arguments.items())
    return f"{intent.lab_time:9.1f} s  {intent.device}.{intent.name}({given})"


def _value(value: Json) -> str:
    """Return an argument as a person would write it."""
    if isinstance(value, Mapping) and value.keys() == {"value", "unit"}:
        number = value["value"]
        text = f"{number:g}" if isinstance(number, float) else str(number)
        return text if value["unit"] == "1" else f"{text} {value['unit']}"
    return str(value)
