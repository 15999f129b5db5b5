"""A whole campaign run ahead in simulated time, with records that are thrown away."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from labloop.campaign._campaign import Campaign
from labloop.campaign.definition import Definition, with_spec
from labloop.campaign.execution import used_each
from labloop.campaign.progress import lab_seconds
from labloop.errors import CampaignError
from labloop.lab import load_lab_file
from labloop.records import (
    CampaignState,
    ExperimentRecord,
    ForecastSpan,
    JournalEntry,
    Mode,
    Occupation,
    Stock,
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """When an experiment was in the lab, in lab seconds."""

    id: str
    number: int
    round_index: int | None
    started: float
    finished: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRun:
    """What a campaign took in simulated time.

    Attributes:
        seconds: lab seconds in which at least one experiment was under way.
        experiments: how many ended.
        durations: lab seconds that each of them took.
        spans: actions of devices, and holds of stations and devices.
        waits: kind of station, or device -> lab seconds that experiments waited for it.
        uses: consumable -> the most that one experiment used, in millionths.
        holds: what experiments had, for how long, and how long they waited for it.
        experiments_in_lab: each that was carried out.
    """

    seconds: float
    experiments: int
    durations: Sequence[float]
    spans: Sequence[ForecastSpan]
    waits: Mapping[str, float]
    holds: Sequence[Occupation] = ()
    uses: Mapping[str, int] = field(default_factory=dict)
    experiments_in_lab: Sequence[Experiment] = ()

    def busy_seconds(self, name: str) -> float:
        """Return the lab seconds in which a device or station was at work or held."""
        return _covered([(s.start, s.end) for s in self.spans if s.name == name])


def simulate(definition: Definition, seed: int, *, own_points: bool = False) -> SimulatedRun:
    """Run a campaign to its end in simulated time and return what it took; nothing is kept.

    Args:
        definition: the campaign; its approval is taken for given.
        seed: of the simulated world, and of the planner.
        own_points: the planner keeps the campaign's own seed, so that it begins with the
            experiments with which the campaign will begin.

    Raises:
        CampaignError: it was stopped, or did not come to its end.
        LabloopError: the simulated lab cannot be opened.
    """
    from labloop.store import open_database  # noqa: PLC0415 - loads SQLAlchemy

    if definition.host is not None:
        raise CampaignError(
            f"a forecast runs ahead in a simulated lab of its own, and {definition.host} is one "
            'that others use; forecast with the lab file, lab="lab.toml"'
        )
    planner = definition.spec.seed if own_points else seed
    ahead = with_spec(definition, replace(definition.spec, approval=False, seed=planner))
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "ahead.db") as rows:
        campaign = Campaign.create(rows, ahead, mode=Mode.SIMULATED, world_seed=seed)
        _put_plenty(rows.stock, ahead, campaign.record.id)
        record = campaign.run()
        if record.state is not CampaignState.FINISHED:
            raise CampaignError(
                f"the simulated run ended as {record.state.value}: {record.reason}; "
                "find out why with: labloop run FILE --new"
            )
        experiments, held = rows.experiments.all(record.id), campaign.occupancy
        if held is None:
            raise CampaignError("a forecast by simulated runs needs a campaign with a lab")
        return SimulatedRun(
            seconds=lab_seconds(experiments),
            experiments=len(durations_of(experiments)),
            durations=durations_of(experiments),
            spans=[
                *(
                    ForecastSpan(e.intent.device, e.intent.lab_time, _end(e))
                    for e in rows.journal.iter_entries(record.id)
                    if e.intent.kind == "action" and e.intent.experiment_id is not None
                ),
                *(ForecastSpan(h.name, h.start, h.end, held=True) for h in held.holds()),
            ],
            waits=held.waits(),
            uses=used_each(rows.stock.used(record.id)),
            holds=held.holds(),
            experiments_in_lab=[
                Experiment(r.id, r.number, r.round_index, r.lab_started, r.lab_finished)
                for r in experiments
                if r.lab_started is not None and r.lab_finished is not None
            ],
        )


def _put_plenty(stock: Stock, definition: Definition, campaign_id: str) -> None:
    """Let nothing run out: how much is used is to be found out."""
    if definition.lab_file is None:
        return
    lab_file = load_lab_file(definition.lab_file)
    for consumable in lab_file.used_up.values():
        shelf = consumable.shelf(lab_file.lab.name, Mode.SIMULATED, campaign_id)
        stock.put(shelf, consumable.plenty(), "labloop").result()


def durations_of(records: Sequence[ExperimentRecord]) -> list[float]:
    """Return the lab seconds of each experiment whose begin and end are known."""
    return [
        r.lab_finished - r.lab_started
        for r in records
        if r.lab_started is not None and r.lab_finished is not None
    ]


def _end(entry: JournalEntry) -> float:
    begun = entry.intent.lab_time
    return begun if entry.outcome is None else max(begun, entry.outcome.lab_time)


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """Return how much of time the spans cover, overlaps counted once."""
    total = end = 0.0
    for begin, until in sorted(spans):
        total += max(0.0, until - max(begin, end))
        end = max(end, until)
    return total
