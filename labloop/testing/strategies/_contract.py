"""The contract of a strategy, for any implementation.

In a plug-in's own test::

    @pytest.mark.parametrize("case", strategy_cases(), ids=lambda case: case.name)
    def test_contract(case):
        check_strategy(MyStrategy(), cases=[case])
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from labloop.brain import Strategy
from labloop.errors import SpaceExhaustedError
from labloop.objectives import Aim, Maximize, Minimize, Objectives, Target
from labloop.records import Dataset, Observation, Point, ProposalBatch
from labloop.space import (
    Categorical,
    Conditional,
    Continuous,
    Forbidden,
    Integer,
    Linear,
    Mixture,
    Nonlinear,
    Ordered,
    Pool,
    SearchSpace,
    Subset,
)


@dataclass(frozen=True, slots=True)
class StrategyCase:
    """One kind of space with an objective; ``make`` builds the space anew."""

    name: str
    make: Callable[[], SearchSpace]
    aims: tuple[Aim, ...] = (Maximize("y"),)


def _pool(*, reusable: bool = False) -> SearchSpace:
    rows = [{"dose": i % 4 + 0.5, "size": i // 4, "dye": "pqr"[i % 3]} for i in range(12)]
    columns: dict[str, str | type] = {"dose": "mL", "size": "1", "dye": Categorical}
    return SearchSpace(Pool(rows, columns, reusable=reusable))


def _described() -> SearchSpace:
    polarity = {"water": [1.0, 0.2], "thf": [0.4, 0.9], "dmf": [0.8, 0.5]}
    return SearchSpace(
        Categorical("solvent", list(polarity), descriptors=polarity), Ordered("t", [20, 40, 80])
    )


def strategy_cases() -> list[StrategyCase]:
    """Return one case for every kind of space, and one for every kind of objective."""

    def box() -> SearchSpace:
        return SearchSpace(
            Continuous("temperature", 30, 120, unit="degC"),
            Continuous("time", 0.5, 50, unit="min", log=True),
        )

    def mixed() -> SearchSpace:
        return SearchSpace(
            Continuous("a", 0, 1), Categorical("c", ["x", "y", "z"]), Integer("k", 0, 6)
        )

    def mixture() -> SearchSpace:
        return SearchSpace(
            Mixture({"p": (0, 1), "q": (0, 1), "r": (0, 0.5)}), Continuous("a", 0, 1)
        )

    def linear() -> SearchSpace:
        return SearchSpace(
            Continuous("a", 0, 1), Continuous("b", 0, 2), Linear({"a": 1.0, "b": 1.0}, "<=", 1.2)
        )

    def sparse() -> SearchSpace:
        return SearchSpace(
            Mixture({"p": (0, 1), "q": (0, 1), "r": (0, 1), "s": (0, 0.6)}),
            Subset(["p", "q", "r", "s"], at_most=2, least=0.05),
        )

    def conditional() -> SearchSpace:
        return SearchSpace(
            Categorical("c", ["none", "x", "y"]),
            Continuous("load", 0.5, 5),
            Continuous("a", 0, 1),
            Conditional("load", {"c": ["x", "y"]}),
            Forbidden({"c": "y", "a": (0.7, None)}),
        )

    def curved() -> SearchSpace:
        return SearchSpace(
            Continuous("a", 0, 1),
            Continuous("b", 0, 2, step=0.1),
            Nonlinear(lambda a, b: a * b, at_most=0.4),
        )

    return [
        StrategyCase("box", box),
        StrategyCase("product", _described),
        StrategyCase("pool", _pool),
        StrategyCase("reusable pool", lambda: _pool(reusable=True)),
        StrategyCase("mixed", mixed),
        StrategyCase("mixture", mixture),
        StrategyCase("linear constraint", linear),
        StrategyCase("subset of a mixture", sparse),
        StrategyCase("conditional parameter", conditional),
        StrategyCase("non-linear constraint", curved),
        StrategyCase("minimize", box, (Minimize("y"),)),
        StrategyCase("target", _described, (Target("y", 0.5, 0.1),)),
        StrategyCase("two objectives", _described, (Maximize("y"), Minimize("z"))),
    ]


def check_strategy(strategy: Strategy, cases: Sequence[StrategyCase] | None = None) -> None:
    """Assert everything that the ``Strategy`` protocol promises.

    Args:
        strategy: the implementation.
        cases: some of ``strategy_cases()``; all of them if left out.

    Raises:
        AssertionError: a promise is broken; the message says which, and on which space.
    """
    if not isinstance(strategy, Strategy):
        raise AssertionError(  # noqa: TRY004 - a broken promise, as all others
            f"a strategy has `name` and `propose`, got {strategy!r}"
        )
    for case in strategy_cases() if cases is None else cases:
        _Check(strategy, case).all()


@dataclass(frozen=True, slots=True)
class _Check:
    strategy: Strategy
    case: StrategyCase

    def all(self) -> None:
        space = self.case.make()
        for count in (0, 1, 5, 7):
            self._batch(space, _dataset(space, count), (), 2)
        self._batch(space, _dataset(space, 5, constant=True), (), 1)
        self._batch(space, _dataset(space, 6, failures=3), (), 2)
        self._batch(space, _dataset(space, 4, failures=4), (), 1)
        self._batch(space, _dataset(space, 5, repeat=True), (), 1)
        pending = space.sample(3, seed=99)
        self._batch(space, _dataset(space, 5), pending[:2], 3)
        self._pure(space)
        if space.nonrepeatable:
            self._exhausts(space)

    def _propose(
        self, space: SearchSpace, data: Dataset, pending: Sequence[Point], n: int, seed: int = 7
    ) -> ProposalBatch:
        objective = Objectives.of(self.case.aims)
        return self.strategy.propose(space, objective, data, pending, n, seed)

    def _batch(
        self, space: SearchSpace, data: Dataset, pending: Sequence[Point], n: int
    ) -> ProposalBatch:
        batch = self._propose(space, data, pending, n)
        where = f"{self.strategy.name} on {self.case.name} with {len(data)} experiments"
        points = [dict(p.point) for p in batch.proposals]
        self._that(len(points) == n, f"{where}: asked for {n}, got {len(points)} proposals")
        for proposal in batch.proposals:
            legal = space.contains(proposal.point)
            self._that(legal, f"{where}: {dict(proposal.point)} is not legal")
            self._that(bool(proposal.reason), f"{where}: a proposal gives no reason")
            self._that(bool(proposal.strategy), f"{where}: a proposal names no strategy")
        seen = [dict(o.point) for o in data.observations] + [dict(p) for p in pending]
        if space.size is None or space.size >= len(seen) + n:
            for i, point in enumerate(points):
                repeated = point in seen or point in points[:i]
                self._that(not repeated, f"{where}: {point} was tried or is under way")
        return batch

    def _pure(self, space: SearchSpace) -> None:
        data, pending = _dataset(space, 6), space.sample(1, seed=5)
        python, legacy, torches = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - the global one is looked at
        first = self._propose(space, data, pending, 2)
        after = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - as above
        where = f"{self.strategy.name} on {self.case.name}"
        self._that(python == after[0], f"{where}: Python's random generator was changed")
        same = all(np.array_equal(a, b) for a, b in zip(legacy, after[1], strict=True))
        self._that(same, f"{where}: numpy's global generator was changed")
        self._that(torch.equal(torches, after[2]), f"{where}: torch's generator was changed")
        torch.manual_seed(1234)
        np.random.seed(1234)  # noqa: NPY002 - as above
        random.seed(1234)
        again = self._propose(space, data, pending, 2)
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002 - as above
        torch.set_rng_state(torches)
        self._that(
            first.proposals == again.proposals,
            f"{where}: the same arguments gave another answer",
        )

    def _exhausts(self, space: SearchSpace) -> None:
        total = space.size or 0
        where = f"{self.strategy.name} on {self.case.name}"
        left = self._propose(space, _dataset(space, total - 2), (), 5).proposals
        self._that(len(left) == 2, f"{where}: 2 points are left, got {len(left)} proposals")
        try:
            self._propose(space, _dataset(space, total), (), 1)
        except SpaceExhaustedError:
            return
        self._that(False, f"{where}: no point is left, but SpaceExhaustedError was not raised")

    @staticmethod
    def _that(holds: bool, message: str) -> None:
        if not holds:
            raise AssertionError(message)


def _dataset(
    space: SearchSpace,
    count: int,
    *,
    constant: bool = False,
    failures: int = 0,
    repeat: bool = False,
) -> Dataset:
    """Return experiments at spread-out points whose outputs depend on the point alone."""
    points = space.sample(count, seed=3) if count else []
    if repeat and not space.nonrepeatable:
        points = [points[0], *points[:-1]]
    observations = []
    for index, (point, row) in enumerate(zip(points, space.encode(points), strict=True)):
        slope = np.arange(1, len(row) + 1) / len(row)
        y = 1.0 if constant else float(np.sin(3.0 * row) @ slope)
        z = 2.0 if constant else float(row @ slope[::-1])
        failed = index < failures
        observations.append(
            Observation(
                f"e{index + 1}", point, outputs={} if failed else {"y": y, "z": z}, failed=failed
            )
        )
    return Dataset(tuple(observations))
