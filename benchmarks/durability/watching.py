"""Stuck sensors, drift and spoilt results: how soon are they told, and how often for nothing?

Usage: python -m benchmarks.durability.watching WHAT [--campaigns 200] [--experiments 40]

Simulated campaigns on four surfaces of two to four conditions, with noise of 1, 5 or 20 % of their
spread. Of ten campaigns four are proposed by Sobol points, five ever nearer to the best result,
one by a model.
After each experiment the results are looked at as a campaign does. WHAT is one of

clean   nothing is wrong: campaigns in which an alarm was raised at all
stuck   from a moment in the middle on every result is the one before
drift   the results walk by two standard deviations of their spread over the campaign
slow    they walk by two standard deviations of the noise
spoilt  one result in the middle loses three standard deviations of the spread

Prints one JSON line: campaigns with each kind of alarm, and after how many experiments.
"""

import argparse
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, pstdev

from benchmarks.loop._common import answer, say
from labloop.brain import Brain
from labloop.campaign.watching import DRIFT, OUTLIER, STUCK, find_doubts
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation, Point
from labloop.space import Continuous, SearchSpace

WRONG = {"stuck": STUCK, "drift": DRIFT, "slow": DRIFT, "spoilt": OUTLIER}
NOISE = (0.01, 0.05, 0.2)
"""Standard deviations of the noise, in those of the surface."""


def hill(x: tuple[float, ...]) -> float:
    return math.exp(-4.0 * sum((v - 0.35) ** 2 for v in x))


def ridge(x: tuple[float, ...]) -> float:
    return math.exp(-60.0 * (x[0] - 0.62) ** 2) + 0.3 * x[1]


def waves(x: tuple[float, ...]) -> float:
    return math.sin(7.0 * x[0]) * math.cos(5.0 * x[1]) + x[0]


def reactions(x: tuple[float, ...]) -> float:
    """Return the yield of the middle one of two consecutive reactions."""
    first, second = math.exp(4.0 * x[0] - 1.0), 0.8 * math.exp(6.0 * x[0] - 4.0)
    if abs(first - second) < 1e-9:
        second += 1e-6
    gone = math.exp(-3.0 * second * x[1]) - math.exp(-3.0 * first * x[1])
    return first / (first - second) * gone


SURFACES: tuple[Callable[[tuple[float, ...]], float], ...] = (hill, ridge, waves, reactions)


@dataclass(frozen=True)
class Truth:
    """What is measured in one campaign, and from when on something is wrong."""

    seed: int
    experiments: int
    what: str

    @property
    def begins(self) -> int:
        """The experiment with which it begins, from 0."""
        middle = self.experiments // 2
        return {"stuck": middle, "spoilt": middle}.get(self.what, 0)

    def campaign(self) -> tuple[list[tuple[str, int]], int]:
        """Return kinds of alarms, each with how many experiments were done; and when it began."""
        draw = random.Random(self.seed)
        surface, noise = SURFACES[self.seed % 4], NOISE[self.seed // 8 % 3]
        count = draw.randint(2, 4)
        space = SearchSpace(*(Continuous(f"x{i}", 0, 1) for i in range(count)))
        spread = pstdev(surface(tuple(draw.random() for _ in range(count))) for _ in range(500))
        brain = Brain(space, Maximize("y"), seed=self.seed, strategy=self.strategy)
        found: dict[tuple[str, str], int] = {}
        seen: list[Observation] = []
        for i in range(self.experiments):
            ((key, proposal),) = brain.ask()
            point = self._near_best(draw, seen) or proposal.point
            value = surface(tuple(float(point[n]) for n in space.names))
            value += noise * spread * draw.gauss(0.0, 1.0)
            value = self._wrong(value, i, spread, noise, seen)
            brain.tell(key, {"y": value}, point=point)
            seen.append(Observation(f"c-{i + 1:04d}", point, {"y": value}))
            numbers = {o.experiment_id: n for n, o in enumerate(seen, start=1)}
            aims = Objectives.of(Maximize("y"))
            for doubt in find_doubts(Dataset(tuple(seen)), space, aims, numbers, "c", found):
                found.setdefault(doubt.subject, i + 1)
        return [(kind, after) for (kind, _), after in found.items()], self.begins

    @property
    def strategy(self) -> str:
        """What proposes: of ten campaigns one asks a model."""
        return "botorch" if self.seed // 4 % 10 == 0 else "sobol"

    def _near_best(self, draw: random.Random, seen: list[Observation]) -> Point | None:
        """Return a point near the best one, nearer each time; None where others propose."""
        if self.seed // 4 % 10 < 5 or len(seen) < 6 or draw.random() < 0.2:
            return None
        best = max(seen, key=lambda one: one.outputs["y"]).point
        width = 0.3 * (1.0 - len(seen) / self.experiments) + 0.02
        return {n: min(1.0, max(0.0, float(v) + width * draw.gauss(0, 1))) for n, v in best.items()}

    def _wrong(
        self, value: float, i: int, spread: float, noise: float, seen: list[Observation]
    ) -> float:
        """Return what is read in the place of a value."""
        walked = 2.0 * i / (self.experiments - 1)
        match self.what:
            case "stuck" if i >= self.begins:
                return seen[-1].outputs["y"]
            case "drift":
                return value + walked * spread
            case "slow":
                return value + walked * noise * spread
            case "spoilt" if i == self.begins:
                return value - 3.0 * spread
        return value


def measure(what: str, campaigns: int, experiments: int) -> Mapping[str, object]:
    """Return in how many campaigns each kind of alarm was raised, and how soon the right one."""
    kinds: Counter[str] = Counter()
    after: list[int] = []
    alarmed, began = 0, time.monotonic()
    for seed in range(campaigns):
        found, begins = Truth(seed, experiments, what).campaign()
        alarmed += bool(found)
        kinds.update({kind for kind, _ in found})
        right = [n - begins for kind, n in found if kind == WRONG.get(what) and n > begins]
        after += [min(right)] if right else []
        if (seed + 1) % 20 == 0:
            say(f"{what}: {seed + 1} campaigns, {dict(kinds)}, {time.monotonic() - began:.0f} s")
    ranked = sorted(after)
    return {
        "what": what,
        "campaigns": campaigns,
        "experiments": experiments,
        "alarmed": alarmed,
        "kinds": dict(sorted(kinds.items())),
        "told": len(ranked),
        "median_after": median(ranked) if ranked else None,
        "ninth_tenth_after": ranked[math.ceil(0.9 * len(ranked)) - 1] if ranked else None,
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["clean", *WRONG])
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--experiments", type=int, default=40)
    given = parser.parse_args()
    answer(dict(measure(given.what, given.campaigns, given.experiments)))


if __name__ == "__main__":
    main()
