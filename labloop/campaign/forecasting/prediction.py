"""The forecast: lab hours with an interval, what the devices do, what is waited for."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from statistics import fmean, quantiles, stdev

from labloop.campaign.checks import judged_supply, require_procedure
from labloop.campaign.decisions import Budget
from labloop.campaign.definition import Definition, with_spec
from labloop.campaign.forecasting.makespan import resampled
from labloop.campaign.forecasting.simulated_run import (
    SimulatedRun,
    durations_of,
    simulate,
)
from labloop.campaign.forecasting.what_if import Again
from labloop.campaign.ordering import Carried, LearnedDurations, learn_durations
from labloop.campaign.progress import lab_end, lab_seconds
from labloop.campaign.runs import carried_out
from labloop.errors import CampaignError
from labloop.lab import load_lab_file
from labloop.records import (
    CampaignRecord,
    ExperimentRecord,
    ExperimentState,
    ForecastRecord,
    ForecastSpan,
    Mode,
    Repositories,
    Stock,
)

RUNS = 3
_BOOTSTRAPS = 500
_T = {1: 6.314, 2: 2.920, 3: 2.353, 4: 2.132, 5: 2.015, 6: 1.943, 7: 1.895, 8: 1.860, 9: 1.833}
"""Quantiles 0.95 of Student's t by degrees of freedom: two-sided intervals of 90 %."""
_T_OF_MANY = 1.7
_WORTH = 0.01
"""Of the time: what is waited for less is not worth another one."""
_COLUMNS = 1000
"""Of a whole forecast as it is kept: what lies closer together cannot be told apart."""
_LEAST_MARGIN = 0.01
"""Few runs that hardly differ say little of how much less than this the next one will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How long a campaign, or the rest of it, will take.

    Attributes:
        experiments: how many are expected to be carried out.
        hours: lab hours in which at least one experiment is under way.
        low: lower end of the interval of 90 %, in hours.
        high: upper end.
        basis: what the numbers come from, in words.
        length: lab hours of the run that ``spans`` are of.
        busy: station or device -> share of that run in which it is at work or held, 0 to 1.
        waits: kind of station, or device -> lab hours that experiments waited for it.
        spans: when each is at work or held, in lab seconds from now.
        parallel: how many experiments run at once.
        lab_time: the campaign's lab second at which it was made.
        one_more: lab hours of the same run with one more at once; None where not tried.
        buys: kind of station, or device that is waited for -> lab hours less of that run, if
            there were one more of it.
        supply: what is used up, and for how many experiments there is enough, a sentence each.
        order_buys: lab hours less of that run in the order that ends soonest; None where it is
            planned already, or not known.
    """

    experiments: int
    hours: float
    low: float
    high: float
    basis: str
    parallel: int
    lab_time: float = 0.0
    length: float = 0.0
    busy: Mapping[str, float] = field(default_factory=dict)
    waits: Mapping[str, float] = field(default_factory=dict)
    spans: Sequence[ForecastSpan] = ()
    one_more: float | None = None
    buys: Mapping[str, float] = field(default_factory=dict)
    order_buys: float | None = None
    supply: Sequence[str] = ()

    @property
    def bottleneck(self) -> str:
        """What experiments waited for longest; empty where they hardly waited (under 1 %)."""
        waited = {name: hours for name, hours in self.waits.items() if hours > _WORTH * self.length}
        return max(waited, key=lambda name: waited[name], default="")

    def record(self, campaign_id: str, actor: str) -> ForecastRecord:
        """Return the forecast as it is kept, of which campaign and for whom."""
        return ForecastRecord(
            campaign_id=campaign_id,
            lab_time=self.lab_time,
            experiments=self.experiments,
            hours=self.hours,
            low=self.low,
            high=self.high,
            basis=self.basis,
            bottleneck=self.bottleneck,
            waits=dict(self.waits),
            spans=_joined(self.spans, 3600 * self.length / _COLUMNS),
            actor=actor,
        )


def forecast(
    definition: Definition,
    *,
    runs: int = RUNS,
    stored: tuple[Repositories, CampaignRecord] | None = None,
    quick: bool = False,
    progress: Callable[[int, int], object] | None = None,
    known: Repositories | None = None,
) -> Forecast:
    """Run a campaign ahead in simulated time and tell how long it, or its rest, will take.

    The real procedures run against the simulated lab with the campaign's own planner. Where
    experiments were carried out before in the same lab, each is run ahead once more by itself, and
    what they took beside that corrects the simulated durations. A plain function is not run: its
    measured durations are resampled.

    Args:
        definition: the campaign.
        runs: how many simulated runs, each with a seed of its own; at least 2 for an interval.
        stored: repositories and record of a campaign that was begun; its rest is forecast.
        quick: space-filling points instead of the planner's, and no stop rules.
        progress: told how many runs of how many are over.
        known: for a campaign that is not begun, where stock of the real lab and durations of its
            other campaigns are kept; None where nothing is known.

    Raises:
        CampaignError: fewer than two runs; no procedure; the budget is used up; a function none
            of which was carried out yet.
    """
    if runs < 2:
        raise CampaignError(f"an interval needs at least 2 runs, got {runs}")
    require_procedure(definition)
    records: Sequence[ExperimentRecord] = ()
    if stored is not None:
        repositories, record = stored
        records = repositories.experiments.all(record.id)
    spec = definition.spec
    rest = with_spec(definition, replace(spec, budget=_budget_left(spec.budget, records)))
    if spec.is_function:
        return _of_function(rest, durations_of(records))
    if quick:
        rest = with_spec(rest, replace(rest.spec, strategy="sobol", physics=None, stop=()))
    report = progress or _silent
    made: list[SimulatedRun] = []
    # Of a rest it is not known with which experiments it begins: not with those of the begin.
    first = spec.seed + bool(records)
    for number in range(runs):
        made.append(simulate(rest, first + number, own_points=not records))
        report(number + 1, runs + 1)
    wider = with_spec(rest, replace(rest.spec, parallel=spec.parallel + 1))
    one_more: float | None = None
    # Not every procedure can be carried out beside itself.
    with suppress(CampaignError):
        one_more = simulate(wider, first, own_points=not records).seconds / 3600
    report(runs + 1, runs + 1)
    learned = _learned(definition, stored, known)
    found = _of_runs(made, learned, spec.parallel, one_more)
    found = _with_what_if(found, made[0], rest)
    stock = None if known is None else known.stock
    supply = _supply(rest, made, found.experiments, stored, stock)
    return replace(found, supply=supply, lab_time=lab_end(records))


def _learned(
    definition: Definition,
    stored: tuple[Repositories, CampaignRecord] | None,
    known: Repositories | None,
) -> LearnedDurations:
    """Return what stored experiments of the same lab say of durations."""
    if definition.lab_file is None:
        return LearnedDurations()
    carried: Sequence[Carried] = ()
    if stored is not None:
        repositories, record = stored
        carried = carried_out(repositories, definition, record.mode, record)
    elif known is not None:
        carried = carried_out(known, definition, Mode.REAL)
    return learn_durations(carried, load_lab_file(definition.lab_file))


def _supply(
    definition: Definition,
    runs: Sequence[SimulatedRun],
    experiments: int,
    stored: tuple[Repositories, CampaignRecord] | None,
    stock: Stock | None,
) -> tuple[str, ...]:
    """Return for each consumable how much is used, and for how many experiments it is enough."""
    if definition.lab_file is None:
        return ()
    each: dict[str, int] = {}
    for run in runs:
        each |= {name: max(n, each.get(name, 0)) for name, n in run.uses.items()}
    lab_file, mode, campaign_id = load_lab_file(definition.lab_file), Mode.REAL, ""
    if stored is not None:
        stock, mode, campaign_id = stored[0].stock, stored[1].mode, stored[1].id
    told = judged_supply(lab_file, each, experiments, stock, mode, campaign_id)
    return tuple(sentence for _, sentence in told)


def _silent(done: int, of: int) -> None:
    """Tell nobody."""
    del done, of


def _budget_left(budget: Budget, records: Sequence[ExperimentRecord]) -> Budget:
    """Return what is left of the experiments and hours of a budget."""
    ended = sum(r.state in {ExperimentState.DONE, ExperimentState.FAILED} for r in records)
    experiments = None if budget.experiments is None else budget.experiments - ended
    hours = None if budget.hours is None else budget.hours - lab_seconds(records) / 3600
    if (experiments is not None and experiments <= 0) or (hours is not None and hours <= 0):
        raise CampaignError("its budget is used up, so there is nothing to forecast")
    return replace(budget, experiments=experiments, hours=hours)


def _of_runs(
    runs: Sequence[SimulatedRun],
    learned: LearnedDurations,
    parallel: int,
    one_more: float | None,
) -> Forecast:
    first, seconds = runs[0], [run.seconds for run in runs]
    mean, freedom = fmean(seconds), len(seconds) - 1
    # The next run is one more draw: its own scatter, and how little the mean is known.
    variance = _ratio(stdev(seconds), mean) ** 2 * (1 + 1 / len(seconds))
    basis, factor = f"{len(runs)} runs ahead in simulated time", learned.factor
    experiments = fmean(run.experiments for run in runs)
    if learned.is_enough:
        measured = len(learned.measured)
        # How little the factor is known, and how much the experiments to come scatter about it.
        variance += learned.scatter**2 * (1 / measured + _ratio(parallel, experiments))
        basis += f", times {factor:.3g} by {measured} measured experiments"
    margin = max(_LEAST_MARGIN, _T.get(freedom, _T_OF_MANY) * math.sqrt(variance))
    hours = mean * factor / 3600
    length = first.seconds / 3600
    names = dict.fromkeys(span.name for span in first.spans)
    return Forecast(
        experiments=round(experiments),
        hours=hours,
        low=hours * max(0.0, 1 - margin),
        high=hours * (1 + margin),
        basis=basis,
        parallel=parallel,
        length=length,
        busy={name: _ratio(first.busy_seconds(name), first.seconds) for name in names},
        waits={name: waited / 3600 for name, waited in first.waits.items()},
        spans=first.spans,
        one_more=one_more,
    )


def _with_what_if(found: Forecast, run: SimulatedRun, definition: Definition) -> Forecast:
    """Add what one more of a kind, and a better order, would buy."""
    spec, waited = definition.spec, found.waits
    if definition.lab_file is None:
        return found
    lab_file = load_lab_file(definition.lab_file)
    kinds = [kind for kind, hours in waited.items() if hours > _WORTH * found.length]
    again = Again(run, lab_file, spec.parallel, asynchronous=spec.asynchronous)
    buys = again.one_more(kinds)
    order = None
    if kinds and spec.schedule == "first come":
        order = again.better_order()
    return replace(
        found,
        buys={kind: share * found.length for kind, share in buys.items()},
        order_buys=None if order is None else order * found.length,
    )


def _joined(spans: Sequence[ForecastSpan], gap: float) -> tuple[ForecastSpan, ...]:
    """Return spans with those of one name joined that lie closer together than ``gap`` seconds."""
    made: list[ForecastSpan] = []
    latest: dict[tuple[str, bool], int] = {}
    for span in sorted(spans, key=lambda each: each.start):
        at = latest.get((span.name, span.held))
        if at is None or span.held or span.start - made[at].end > gap:
            latest[span.name, span.held] = len(made)
            made.append(span)
        else:
            made[at] = replace(made[at], end=max(made[at].end, span.end))
    return tuple(made)


def _ratio(one: float, other: float) -> float:
    """Return a quotient; 0 where nothing takes any time, as in a lab without waits."""
    return one / other if other else 0.0


def _of_function(definition: Definition, measured: Sequence[float]) -> Forecast:
    spec = definition.spec
    count = spec.budget.experiments
    if count is None:
        raise CampaignError(
            "a plain function is forecast by its number of experiments; give the budget one"
        )
    if not measured:
        raise CampaignError(
            f"the function of {spec.name!r} was never carried out here, so nobody knows how long "
            "it takes; run one experiment first, such as: labloop try"
        )
    drawn = list(
        resampled(
            measured,
            count,
            _BOOTSTRAPS,
            batch=spec.batch,
            parallel=spec.parallel,
            asynchronous=spec.asynchronous,
        )
    )
    ends = quantiles(drawn, n=20)
    return Forecast(
        experiments=count,
        hours=fmean(drawn) / 3600,
        low=ends[0] / 3600,
        high=ends[-1] / 3600,
        basis=f"{len(measured)} measured experiments",
        parallel=spec.parallel,
    )
