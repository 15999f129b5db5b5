"""A peer as a strategy: the same question, the same kind of answer, in a process of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labloop.brain.observations import (
    check_count,
    evaluated_points,
    nearest_untried,
    open_candidates,
    small_seed,
)
from labloop.brain.peers.catalogue import PEERS, Peer
from labloop.brain.peers.process import worker_of
from labloop.brain.peers.request import Translation
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray, Point, Proposal, ProposalBatch
from labloop.space import SearchSpace

_SAME = 1e-12
"""Squared distance in the unit cube below which a proposal is the one that was asked for."""


class PeerStrategy:
    """BayBE, Ax, BoFire or Optuna at its defaults.

    Every round the peer is told everything anew, so that it is a pure function as any strategy;
    its scores are ours, to be maximised. A point that it asks for though it was tried, or that
    misses a grid by a rounding error, becomes the nearest untried one. Experiments that failed
    are told to peers that know failures (Ax, Optuna).

    Args:
        peer: a name (``baybe``, ``ax``, ``bofire``, ``optuna``), or a ``Peer`` of one's own.
        seconds: how long one answer may take before its process is ended.
        options: for ``baybe``: ``categories`` is ``given`` (descriptors where the space has
            them, else names), ``names`` or ``smiles`` (categories are SMILES of molecules).

    Raises:
        BrainError: no such peer, or it is not installed.
    """

    def __init__(
        self,
        peer: str | Peer,
        *,
        seconds: float = 600.0,
        options: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(peer, str) and peer not in PEERS:
            raise BrainError(f"no peer is called {peer!r}; there are: {', '.join(PEERS)}")
        self._peer = PEERS[peer] if isinstance(peer, str) else peer
        self._worker = worker_of(self._peer)
        self._seconds = seconds
        self._options = dict(options or {})
        self.name = self._peer.name
        self.version = ""
        """Of the peer, once it has answered; for records, nothing hangs on it."""

    def check(self, space: SearchSpace, objective: Objectives) -> None:
        """Raise BrainError where the peer cannot plan this, before anything moves."""
        self._peer.check(space, objective)

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the peer's proposals; see ``Strategy.propose``.

        Raises:
            BrainError: the peer cannot plan this, refused it, died or took too long.
            SpaceExhaustedError: no legal point is left.
        """
        check_count(n)
        self.check(space, objective)
        seen = evaluated_points(space, data, pending).points
        closed, left = _closed(space, seen)
        wanted = n if left is None else min(n, left)
        translation = Translation(space, self._options)
        request = translation.request(objective, data, pending, closed)
        answer = self._worker.ask({**request, "n": wanted, "seed": small_seed(seed)}, self._seconds)
        self.version = str(answer["version"])
        asked = translation.inward(answer["points"])
        points = nearest_untried(space, asked, seen, wanted, seed)
        return self._batch(space, asked, points, answer, len(request["results"]), seed)

    def _batch(
        self,
        space: SearchSpace,
        asked: FloatArray,
        points: Sequence[Point],
        answer: Mapping[str, Any],
        known: int,
        seed: int,
    ) -> ProposalBatch:
        who = f"{self._peer.title} {answer['version']}"
        reason = f"{who} at its defaults, on {known} result{'' if known == 1 else 's'}"
        rows = np.asarray(space.encode(points))
        moved = [_moved(row, asked) for row in rows]
        return ProposalBatch(
            tuple(
                Proposal(
                    point,
                    strategy=self.name,
                    reason=f"{reason}; the nearest untried point to what it asked for"
                    if far
                    else reason,
                    model=who,
                    seed=seed,
                )
                for point, far in zip(points, moved, strict=True)
            ),
            fit_report={"proposal_seconds": float(answer["seconds"])},
        )


def _moved(row: FloatArray, asked: FloatArray) -> bool:
    return not bool((((asked - row) ** 2).sum(1) <= _SAME).any())


def _closed(space: SearchSpace, seen: Sequence[Point]) -> tuple[Sequence[Point], int | None]:
    """Return the points that must not come again, and how many are left; None for no end.

    Raises:
        SpaceExhaustedError: none is left, and none may be used twice.
    """
    candidates = space.candidates()
    if candidates is None:
        return (), None
    mask = np.asarray(open_candidates(candidates, seen, strict=space.nonrepeatable))
    # All tried, and all are open again.
    everything = bool(mask.all())
    return ((), len(candidates)) if everything else (seen, int(mask.sum()))
