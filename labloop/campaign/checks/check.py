"""``labloop check``: what can be found wrong in a campaign file without moving anything."""

from collections.abc import Callable, Iterator
from pathlib import Path

from labloop.campaign.checks.calibrations import lab_file_of_campaign
from labloop.campaign.checks.failure_rules import require_known_devices
from labloop.campaign.checks.finding import Finding
from labloop.campaign.checks.parallel_rehearsal import rehearse_parallel
from labloop.campaign.checks.procedure_source import awaitable_names, procedure_mistakes
from labloop.campaign.checks.rehearsal import simulated_lab
from labloop.campaign.checks.stations import check_stations
from labloop.campaign.checks.supply import supply_of
from labloop.campaign.definition import CampaignSpec, Definition, kind_of, load_campaign, name_of
from labloop.errors import LabloopError
from labloop.lab import MemoryJournal, load_lab_file
from labloop.records import Stock


def check_campaign(path: str | Path, *, stock: Stock | None = None) -> Iterator[Finding]:
    """Yield a finding for everything that can be checked without running an experiment.

    Args:
        path: the campaign file.
        stock: of the real lab; None where no database is known.
    """
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
    if lab_file is not None and opens and spec.failures.rules:
        known = load_lab_file(lab_file)
        yield _attempt(
            f"{len(spec.failures.rules)} failure rules speak of what the lab has",
            lambda: require_known_devices(spec.failures, known),
        )
    if definition.host is not None:
        opened = _attempt(
            f"{definition.host} answers, and has the devices that are asked for",
            lambda: lab_file_of_campaign(definition),
        )
        yield opened
        opens = opened.good
    if spec.procedure is not None:
        mistakes = list(procedure_mistakes(spec, awaitable_names(definition)))
        mistakes += [Finding(False, sentence) for sentence in check_stations(definition)]
        yield from mistakes or [Finding(True, _describe_procedure(spec))]
        if lab_file is not None and opens and not mistakes and spec.parallel > 1:
            yield _check_parallel(definition)
        if opens and not mistakes:
            yield from (Finding(*found) for found in supply_of(definition, stock))


def _check_parallel(definition: Definition) -> Finding:
    spec = definition.spec
    assert spec.recipe is not None  # noqa: S101 - asked by the only caller
    host = simulated_lab(definition, MemoryJournal(), "together")
    host.on_alarm = lambda _: None
    found = rehearse_parallel(host, spec.recipe, spec.space, parallel=spec.parallel, seed=spec.seed)
    return Finding(*found)


def _describe_procedure(spec: CampaignSpec) -> str:
    if not spec.is_function:
        return "the procedure awaits what it calls"
    at_once = f"{spec.parallel} at once" if spec.parallel > 1 else "one after the other"
    kind = kind_of(spec.procedure)
    how = "a plain function: it carries experiments out in this process"
    if kind != "function":
        how = f"a {kind} that carries experiments out"
    return f"{name_of(spec.procedure)} is {how}, {at_once}, without a lab"


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
    with simulated_lab(definition, MemoryJournal(), "check"):
        pass
