"""Forecasts against what then happens: durations with noise, before the run and at its half.

Each run is the same campaign in a simulated lab of its own seed, whose actions take longer
by chance (``simulated_delays``). It is forecast before it begins by a lab file that knows that,
run to its half, forecast again by one that knows nothing of it and has to learn from what is
stored, and run to its end. Each run is kept, so the bench goes on where it was ended.

Usage: python -m benchmarks.schedule.forecast_coverage [--runs 50] [--lab two_ovens]
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from unittest.mock import patch

from benchmarks.loop._common import answer, say
from labloop.campaign import Campaign, Forecast, forecast, load_campaign
from labloop.campaign.definition import Definition, with_spec
from labloop.campaign.forecasting import prediction
from labloop.campaign.progress import lab_seconds
from labloop.cli.verbs.demo import examples
from labloop.store import open_database

RESULTS = Path(__file__).parents[1] / "results" / "forecast_coverage"
FIRST_SEED = 1000
DELAYS = 0.3
"""Mean share by which an action of the true lab takes longer."""
_TABLE = "[lab]\n"


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab of the bench: its folder, and how its campaign is run."""

    folder: Path
    batch: int
    experiments: int


LABS = {
    "two_ovens": Lab(Path(__file__).parent / "two_ovens", 6, 12),
    "flow_snar": Lab(examples() / "flow_snar", 4, 16),
    "direct_arylation": Lab(examples() / "direct_arylation", 8, 16),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast beside what then happened, in lab hours."""

    forecast: float
    low: float
    high: float
    true: float

    @property
    def off(self) -> float:
        """The error of the forecast, as a share of what happened."""
        return abs(self.forecast - self.true) / self.true

    @property
    def inside(self) -> bool:
        """Whether it happened within the interval."""
        return self.low <= self.true <= self.high


def definition(lab: Lab, folder: Path, delays: float, experiments: int) -> Definition:
    """Return the campaign of a lab whose actions take longer by a mean share."""
    folder.mkdir()
    for file in lab.folder.iterdir():
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            if file.name == "lab.toml":
                text = text.replace(_TABLE, f"{_TABLE}simulated_delays = {delays}\n", 1)
            (folder / file.name).write_text(text, encoding="utf-8")
    found = load_campaign(folder)
    budget = replace(found.spec.budget, experiments=experiments, hours=None)
    spec = replace(
        found.spec,
        batch=lab.batch,
        parallel=min(lab.batch, found.spec.parallel),
        budget=budget,
        strategy="random",
        physics=None,
        stop=(),
        seed=0,
        approval=False,
    )
    return with_spec(found, spec)


def before_it_begins(lab: Lab) -> Forecast:
    """Return the forecast of the whole campaign by a lab file that knows of the noise."""
    with tempfile.TemporaryDirectory() as folder:
        return forecast(definition(lab, Path(folder) / "whole", DELAYS, lab.experiments))


def judge(lab: Lab, seed: int, before: Forecast) -> dict[str, Judged]:
    """Run one campaign and return its forecasts beside it."""
    half = lab.experiments // lab.batch // 2 * lab.batch
    with tempfile.TemporaryDirectory() as name, open_database(Path(name) / "x.db") as rows:
        folder = Path(name)
        true = definition(lab, folder / "true", DELAYS, half)
        ignorant = definition(lab, folder / "ignorant", 0.0, lab.experiments)
        campaign = Campaign.create(rows, true, world_seed=seed)
        campaign.run()
        key = campaign.record.id
        used = lab_seconds(rows.experiments.all(key)) / 3600
        at_half = forecast(ignorant, stored=(rows, campaign.record))
        campaign.extend(lab.experiments)
        campaign.run()
        hours = lab_seconds(rows.experiments.all(key)) / 3600
    return {
        "before": _judged(before, hours, 0.0),
        "half": _judged(at_half, hours, used),
    }


def _judged(found: Forecast, hours: float, used: float) -> Judged:
    return Judged(found.hours + used, found.low + used, found.high + used, hours)


def judged_runs(name: str, runs: int) -> Iterator[dict[str, Judged]]:
    """Yield what was kept, and what is run now."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = {found["seed"]: found["runs"] for found in map(json.loads, lines)}
    before: Forecast | None = None
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        if seed not in kept:
            before = before or before_it_begins(LABS[name])
            made = judge(LABS[name], seed, before)
            kept[seed] = {when: asdict(each) for when, each in made.items()}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "runs": kept[seed]}) + "\n")
            say(f"{name} {seed}: {kept[seed]}")
        yield {when: Judged(**each) for when, each in kept[seed].items()}


def main() -> None:
    """Judge the forecasts of one lab and print what came of it as one line of JSON.

    What one more oven would buy is not asked for.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--lab", choices=LABS, default="two_ovens")
    given = parser.parse_args()
    with patch.object(prediction, "_with_what_if", lambda found, *_: found):
        found = list(judged_runs(given.lab, given.runs))
    told: dict[str, object] = {"lab": given.lab, "runs": len(found), "delays": DELAYS}
    for when in ("before", "half"):
        each = [run[when] for run in found]
        told[when] = {
            "near": sum(one.off <= 0.1 for one in each),
            "inside": sum(one.inside for one in each),
            "worst": max(one.off for one in each),
            "width": sum((one.high - one.low) / one.true for one in each) / len(each),
        }
    answer(told)


if __name__ == "__main__":
    main()
