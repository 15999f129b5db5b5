"""Opens what carries a campaign's experiments out: its lab, or the threads of its function."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

from labloop.campaign.checks import (
    lab_file_of_campaign,
    rehearsed_use,
    require_calibrations,
    require_known_devices,
    require_procedure,
    require_stations,
)
from labloop.campaign.decisions import FailurePolicy
from labloop.campaign.definition import Definition
from labloop.campaign.execution import (
    DirectExecutor,
    FunctionExecutor,
    FunctionSetup,
    Supplier,
    failure_of,
    used_each,
)
from labloop.campaign.loop import Hold, Stations, device_leases
from labloop.campaign.ordering import LearnedDurations, OrderedExecutor, learn_durations
from labloop.campaign.progress import lab_end
from labloop.campaign.runs.device_answers import mark_of
from labloop.campaign.runs.earlier import carried_out
from labloop.campaign.runs.handle import RunHandle
from labloop.errors import CampaignError, DeviceError
from labloop.lab import (
    LabFile,
    LabHost,
    LeaseCheck,
    RemoteLab,
    as_work,
    open_host,
)
from labloop.records import (
    Alarm,
    CampaignRecord,
    Executor,
    ExperimentState,
    Mode,
    Repositories,
    Severity,
)

Speed: TypeAlias = Literal["max", "real"] | float
"""Simulated time as fast as it goes, real time, or so many times faster than life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run is made from."""

    repositories: Repositories
    record: CampaignRecord
    definition: Definition
    actor: str
    """Who is written on each row."""
    speed: Speed
    world_seed: int
    """Of the simulated world."""
    renewed: tuple[str, ...]
    """Kinds of stations whose used-up places were replaced."""
    unsettled: bool
    """Whether an earlier process may have left devices moving or hot."""
    handle: RunHandle
    on_alarm: Callable[[Alarm], None]
    take_over: bool = False
    """Whether devices are taken from a process on another machine that is silent."""

    @property
    def experiments_left(self) -> int | None:
        """How many experiments the budget still has; None where it does not say."""
        count = self.definition.spec.budget.experiments
        rows = self.repositories.experiments.all(self.record.id)
        ended = sum(r.state in {ExperimentState.DONE, ExperimentState.FAILED} for r in rows)
        return None if count is None else max(0, count - ended)

    @property
    def lab_seconds_before(self) -> float:
        """The campaign's lab second at which this opening begins."""
        return lab_end(self.repositories.experiments.all(self.record.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What carries experiments out while it is open."""

    executor: Executor
    abort: Callable[[str], None]
    """Ends what runs, with a reason."""
    now: Callable[[], float]
    """Lab seconds of the campaign."""
    alike: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Station -> the others of its kind."""
    stations: Stations | None = None
    """What leaves a station out for a while; None without a lab."""
    hold: Hold | None = None
    """What looks after the lab while a person is waited for; None without a lab."""
    supplier: Supplier | None = None
    """Reserves what experiments use up; None without a lab."""


@contextmanager
def open_execution(context: RunContext) -> Iterator[Execution]:
    """Open what carries experiments out; a lab is safe again when the block is left.

    Raises:
        LeaseError: another campaign commands one of the devices; nothing was sent.
        LabloopError: a device does not answer, or is not safe.
    """
    is_function = context.definition.spec.is_function
    with _open_function(context) if is_function else _open_lab(context) as execution:
        yield execution


@contextmanager
def _open_function(context: RunContext) -> Iterator[Execution]:
    spec = context.definition.spec
    function = FunctionExecutor(
        FunctionSetup(
            work=as_work(require_procedure(context.definition)),
            units=spec.units,
            repositories=context.repositories,
            campaign_id=context.record.id,
            actor=context.actor,
            folder=context.definition.folder,
            code=context.definition.bundle.files,
            parallel=spec.parallel,
            began=context.lab_seconds_before,
        )
    )
    context.handle.opening(function.stop)
    context.handle.opened(function)
    with function:
        yield Execution(executor=function, abort=function.stop, now=function.now)


@contextmanager
def _open_lab(context: RunContext) -> Iterator[Execution]:
    definition, repositories, record = context.definition, context.repositories, context.record
    recipe = definition.spec.recipe
    assert recipe is not None  # noqa: S101 - asked for before, and work has no lab
    known = lab_file_of_campaign(definition, record.mode)
    assert known is not None  # noqa: S101 - the same
    began = context.lab_seconds_before
    require_known_devices(definition.spec.failures, known)
    require_calibrations(repositories, definition, record.mode)
    require_stations(definition, known)
    supplier = _supplier(context, known)
    context.handle.phase = "opening the lab"
    with _devices(context, known) as (lab_file, lease, remote):
        host = LabHost(
            lab_file,
            mode=record.mode,
            journal=repositories.journal,
            campaign_id=record.id,
            seed=context.world_seed,
            speed=context.speed,
            actor=context.actor,
            on_alarm=context.on_alarm,
            lease=lease,
            purpose=f"campaign {record.name}",
            folder=definition.folder,
            renew=context.renewed,
            stock=repositories.stock,
            samples=repositories.samples,
            handover=repositories.handover,
            priority=definition.spec.priority,
            retry_after=partial(_retry_after, definition.spec.failures),
            mark=mark_of(record),
            remote=remote,
        )
        context.handle.opening(host.stop)
        with host:
            context.handle.opened(host)
            for short in supplier.outlook(context.experiments_left):
                context.on_alarm(Alarm("stock", short, Severity.WARNING))
            if record.mode is Mode.REAL and context.unsettled:
                host.make_safe().check()
            direct = DirectExecutor(
                host,
                procedure=recipe,
                units=definition.spec.units,
                experiments=repositories.experiments,
                actor=context.actor,
                began=began,
            )
            planned = definition.spec.schedule == "optimised"
            yield Execution(
                executor=_ordered(context, direct, host) if planned else direct,
                abort=host.stop,
                now=lambda: began + host.now(),
                alike=_alike(lab_file),
                stations=host,
                supplier=supplier,
                hold=Hold(lab_file.hold, host, repositories, record, context.actor),
            )


def _ordered(context: RunContext, direct: DirectExecutor, host: LabHost) -> OrderedExecutor:
    """Return what plans who goes first, in a real lab with durations learned from what is stored.

    A simulated lab is what is run ahead, and its campaigns go the same way whatever was before.
    """
    definition, record = context.definition, context.record
    learned = LearnedDurations()
    if record.mode is Mode.REAL:
        carried = carried_out(context.repositories, definition, record.mode, record)
        learned = learn_durations(carried, host.lab_file)
    return OrderedExecutor(direct, host, definition, context.on_alarm, learned)


def _supplier(context: RunContext, lab_file: LabFile) -> Supplier:
    """Return what reserves, by what experiments of the campaign used, or of a rehearsal.

    Raises:
        CampaignError: a budget of cost, and nothing that tells what anything costs.
    """
    spec, repositories, record = context.definition.spec, context.repositories, context.record
    if lab_file.used_up:
        context.handle.phase = "looking at the stock"
    priced = spec.cost or any(each.price for each in lab_file.used_up.values())
    if spec.budget.cost is not None and not priced:
        raise CampaignError(
            "a budget of cost needs the function cost=lambda point: ... in the spec, or prices in "
            f"{lab_file.source}: price of a consumable or a plate"
        )
    each = used_each(repositories.stock.used(record.id)) if lab_file.used_up else {}
    host = context.definition.host is not None
    return Supplier(
        repositories.stock,
        lab_file,
        mode=record.mode,
        campaign_id=record.id,
        each=each or ({} if host else rehearsed_use(context.definition, lab_file)),
        actor=context.actor,
    )


def _retry_after(policy: FailurePolicy, error: DeviceError) -> float | None:
    """Return the lab seconds after which an action that failed is sent again; None: it is not."""
    return policy.seconds_to_retry(failure_of(error), str(error), error.tries - 1)


def _alike(lab_file: LabFile) -> dict[str, frozenset[str]]:
    """Return station -> the others of its kind; a consumable has none."""
    kinds = [t.all(kind) for kind, t in lab_file.stations.items() if not t.used_up]
    return {name: frozenset(names) - {name} for names in kinds for name in names}


@contextmanager
def _devices(
    context: RunContext, lab_file: LabFile
) -> Iterator[tuple[LabFile, LeaseCheck | None, RemoteLab | None]]:
    """Hold the devices of a campaign: those of its lab file, or of its host."""
    definition, repositories, record = context.definition, context.repositories, context.record
    if definition.host is None:
        with device_leases(
            repositories, lab_file, record.mode, context.actor, take_over=context.take_over
        ) as lease:
            yield lab_file, lease, None
        return
    if record.mode is Mode.SIMULATED and context.speed != "max":
        raise CampaignError(
            f"{definition.host} has its own speed of lab time, so --speed {context.speed} cannot "
            "be had here; leave it out, or say it to `labloop lab up`"
        )
    asked = {
        "campaign": record.name,
        "user": context.actor,
        "place": f"{platform.node() or 'a machine'}, process {os.getpid()}",
    }
    with open_host(definition.host, record.mode, asked) as remote:
        yield remote.lab_file, remote.session.lease, remote
