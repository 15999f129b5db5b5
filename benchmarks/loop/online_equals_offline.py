"""Whether a campaign through robot, HPLC, database and Prefect asks what it asks without them.

Usage: python -m benchmarks.loop.online_equals_offline [--seeds 3] [--experiments 15]

Online: the direct arylation example as it stands (strategy, batches of 5, 4 at a time), but
with a budget of 15 experiments, run by the Prefect engine on the simulated robot. Offline: the
same strategy asked by ``Brain`` with the same campaign id, told the yields of the table that
the simulated chemistry stands on. Points are compared one by one, and yields as well. Prints
one JSON line.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.loop._common import answer, example, own_prefect, say
from labloop.brain import Brain
from labloop.campaign import Campaign, Definition, PlainHooks
from labloop.records import ExperimentState, Point, ScalarValue
from labloop.store import open_database

Found = list[tuple[dict[str, object], float]]
"""Point and yield of each experiment, by number."""


def table_yield(point: Point) -> float:
    """Return the measured yield in percent at a point of the space."""
    from labloop_simulators.worlds._arylation import measured_yield

    numbers = [float(point[name]) for name in ("concentration", "temperature")]
    names = [str(point[name]) for name in ("base", "ligand", "solvent")]
    return measured_yield(names[0], names[1], names[2], numbers[0], numbers[1])


def online(definition: Definition, folder: Path) -> tuple[str, Found]:
    """Run through the lab; return the campaign's id and what it did."""
    from labloop_workflows import PrefectEngine

    with open_database(folder / f"seed{definition.spec.seed}.db") as repositories:
        campaign = Campaign.create(repositories, definition, actor="bench")
        record = PrefectEngine().run(campaign, PlainHooks())
        rows = repositories.experiments.all(record.id, {ExperimentState.DONE})
        outputs = repositories.experiments.outputs(record.id)
        found: Found = []
        for row in rows:
            value = outputs[row.id]["product_yield"]
            assert isinstance(value, ScalarValue)  # noqa: S101 - declared so by the example
            found.append((dict(row.point), value.value))
        return record.id, found


def offline(definition: Definition, campaign_id: str, experiments: int) -> Found:
    """Ask the same strategy without lab, database and engine."""
    spec = definition.spec
    brain = Brain(
        spec.space,
        spec.objectives,
        spec.strategy,
        seed=spec.seed,
        campaign_id=campaign_id,
    )
    found: Found = []
    while len(found) < experiments:
        for experiment_id, proposal in brain.ask(min(spec.batch, experiments - len(found))):
            measured = table_yield(proposal.point)
            found.append((dict(proposal.point), measured))
            brain.tell(experiment_id, {"product_yield": measured})
    return found


def compare(seed: int, experiments: int, folder: Path) -> tuple[int, int, float]:
    """Return equal points, points, and the largest difference of yields at equal points."""
    definition = example("direct_arylation", experiments=experiments, seed=seed)
    campaign_id, through_lab = online(definition, folder)
    without = offline(definition, campaign_id, experiments)
    pairs = list(zip(through_lab, without, strict=False))
    same = [(a, b) for a, b in pairs if a[0] == b[0]]
    gap = max((abs(a[1] - b[1]) for a, b in same), default=float("nan"))
    for number, (a, b) in enumerate(pairs, 1):
        if a[0] != b[0]:
            say(f"seed {seed}, experiment {number}: {a[0]} online, {b[0]} offline")
    say(f"seed {seed}: {len(same)} of {len(without)} points equal, yields within {gap:.3g} %")
    return len(same), max(len(through_lab), len(without)), gap


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--experiments", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, own_prefect(Path(name)):
        rows = [compare(s, given.experiments, Path(name)) for s in range(given.seeds)]
    answer(
        {
            "equal": sum(row[0] for row in rows),
            "points": sum(row[1] for row in rows),
            "largest_difference": max(row[2] for row in rows),
            "seeds": given.seeds,
            "experiments": given.experiments,
        }
    )


if __name__ == "__main__":
    main()
