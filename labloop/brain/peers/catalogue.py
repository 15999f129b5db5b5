"""The peers: which packages they are, what each can do, and what is refused for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.space import Categorical, Continuous, Linear, Mixture, Pool, SearchSpace
from labloop.space import Integer as _Integer
from labloop.space import Ordered as _Ordered

WORKERS = Path(__file__).resolve().parent / "workers"
PINS = (
    "torch==2.13.0",
    "botorch==0.18.1",
    "gpytorch==1.15.2",
    "scipy==1.17.1",
)
"""What peers stand on, in versions that all of them accept: a later peer moves no earlier one."""
_KNOWN = (Continuous, _Integer, _Ordered, Categorical, Pool, Mixture, Linear)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A planner of others, and what it can do at its defaults."""

    name: str
    """The strategy's name."""
    title: str
    module: str
    """What its own Python imports it by."""
    requirement: str
    script: Path
    """What answers for it; run in its environment, without labloop."""
    pools: bool = False
    """Whether it chooses from a list of points."""
    equalities: bool = False
    """Whether a weighted sum of parameters may be held constant, as in a mixture."""
    inequalities: bool = False
    several_aims: bool = True
    thresholds: bool = False
    outcome_constraints: bool = False
    most_combinations: int | None = None
    """It writes down all combinations of values, and no more than so many are possible."""

    def check(self, space: SearchSpace, objective: Objectives) -> None:
        """Raise BrainError where the peer cannot do what is asked, in one sentence."""
        for refused, what in (*self._of_space(space), *self._of_objective(objective)):
            if refused:
                raise BrainError(
                    f"strategy {self.name!r} cannot plan this: {self.title} knows no {what}; "
                    "use 'auto', or another peer (the table in the how-to on strategies says "
                    "what each can do)"
                )

    def _of_space(self, space: SearchSpace) -> Sequence[tuple[bool, str]]:
        unknown = [i for i in space.items if not isinstance(i, _KNOWN)]
        senses = _senses(space)
        size = space.size or math.prod(p.count for p in space.parameters if p.count is not None)
        too_many = self.most_combinations is not None and size > self.most_combinations
        crooked = bool(senses) and space.constraints_encoded() is None
        return (
            (bool(unknown), f"{type(unknown[0]).__name__} in a space" if unknown else ""),
            (not self.pools and _has_pool(space), "list of points, such as a Pool"),
            (
                _has_pool(space) and space.candidates() is None,
                "list of points beside parameters on a continuum",
            ),
            (not self.equalities and "==" in senses, "mixture or sum that is held constant"),
            (not self.inequalities and "<=" in senses, "constraint between parameters"),
            (crooked, "constraint on a parameter that is spread over its logarithm"),
            (too_many, f"more than {self.most_combinations} combinations, and there are {size}"),
        )

    def _of_objective(self, objective: Objectives) -> Sequence[tuple[bool, str]]:
        thresholds = any(aim.threshold is not None for aim in objective.aims)
        return (
            (not self.several_aims and objective.count > 1, "several aims"),
            (not self.thresholds and thresholds, "threshold of an aim"),
            (not self.outcome_constraints and bool(objective.constraints), "outcome constraint"),
        )


def _has_pool(space: SearchSpace) -> bool:
    return any(isinstance(item, Pool) for item in space.items)


def _senses(space: SearchSpace) -> set[str]:
    """Return which kinds of constraints between parameters there are: ``==``, ``<=`` or none."""
    found = {"==" for item in space.items if isinstance(item, Mixture)}
    linears = [item for item in space.items if isinstance(item, Linear)]
    return found | {"==" if item.sense == "==" else "<=" for item in linears}


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            name="baybe",
            title="BayBE",
            module="baybe",
            requirement="baybe[chem]==0.15.0",
            script=WORKERS / "baybe_peer.py",
            pools=True,
            equalities=True,
            inequalities=True,
            most_combinations=100_000,
        ),
        Peer(
            name="ax",
            title="Ax",
            module="ax",
            requirement="ax-platform==1.3.1",
            script=WORKERS / "ax_peer.py",
            inequalities=True,
            thresholds=True,
            outcome_constraints=True,
        ),
        Peer(
            name="bofire",
            title="BoFire",
            module="bofire",
            requirement="bofire[optimization]==0.5.0",
            script=WORKERS / "bofire_peer.py",
            equalities=True,
            inequalities=True,
            outcome_constraints=True,
        ),
        Peer(
            name="optuna",
            title="Optuna",
            module="optuna",
            requirement="optuna==5.0.0",
            script=WORKERS / "optuna_peer.py",
            outcome_constraints=True,
        ),
    )
}
