"""Who competes: ours with and without physics, random, a plain BoTorch loop, BayBE and Ax."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.physics.beliefs import believe
from benchmarks.physics.draws import Draw, draw
from benchmarks.physics.further import beliefs as further_beliefs
from benchmarks.physics.further import draws as further_draws
from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.labs import Lab
from benchmarks.planner.plain_botorch import PlainBotorch
from labloop.brain import Strategy, resolve_strategy

START = 5
LEAST = 30
MOST = 90
COVERED = (10, 25, 50)
"""After how many experiments the intervals of ours are checked on points held out."""


Drawn = Draw | further_draws.Draw


@dataclass(frozen=True)
class Method:
    """One competitor; ``belief`` is the kind of physics it is given, ``ours`` whose it is."""

    name: str
    make: Callable[[object | None], Strategy]
    belief: str | None = None
    ours: bool = False

    def least(self, seed: int) -> int:
        """Return how many experiments a run has, whenever the target is reached.

        The intervals of ours are checked after 50 experiments in every fifth run only: the
        twenty between cost as much as all before.
        """
        return COVERED[-1] if self.ours and seed % 5 == 0 else LEAST

    def start(self, lab: Lab, seed: int) -> tuple[Strategy, Drawn | None]:
        """Return the strategy of a run and what was drawn for it."""
        if self.belief is None:
            return self.make(None), None
        if lab.name in FURTHER:
            found = further_draws.draw(lab, seed, self.belief)
            return self.make(further_beliefs.believe(lab.name, found)), found
        drawn = draw(lab, seed, self.belief)
        return self.make(believe(lab.name, drawn)), drawn


def _auto(physics: object | None) -> Strategy:
    return resolve_strategy("auto", physics)


def _peer(name: str) -> Callable[[object | None], Strategy]:
    return lambda _physics: resolve_strategy(name)


OPTUNA = Method("optuna", _peer("optuna"))
"""Beside the others where seconds are measured only."""
MISMATCHED, GOOD, WRONG, PLAIN = "physics", "physics-good", "physics-wrong", "no-physics"
PEERS = ("botorch", "baybe", "ax")
FIRST: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(MISMATCHED, _auto, belief="mismatched", ours=True),
        Method(GOOD, _auto, belief="good", ours=True),
        Method(WRONG, _auto, belief="wrong", ours=True),
        Method(PLAIN, _auto, ours=True),
        Method("random", lambda _physics: resolve_strategy("random")),
        Method("botorch", lambda _physics: PlainBotorch()),
        Method("baybe", _peer("baybe")),
        Method("ax", _peer("ax")),
    )
}
"""Those of the first six labs."""
FAULTY: Mapping[str, Method] = {
    f"physics-{fault}": Method(f"physics-{fault}", _auto, belief=fault, ours=True)
    for fault in further_draws.FAULTS
}
"""The five kinds of wrong physics, in the further labs."""
METHODS: Mapping[str, Method] = {**FIRST, **FAULTY}
