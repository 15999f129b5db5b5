"""What the kept runs of pools and of constrained problems say of ours beside the peers.

Only seeds that all methods of a problem have are counted. A peer with fewer than half of the seeds
of another is left out of that, and named: it would take the seeds from all. A run that never gets
there counts as one experiment more than its budget, so means are restricted ones. The best peer is
chosen for each problem, and anew in each draw of the bootstrap over seeds, which favours the peers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Hits = Mapping[str, Mapping[str, Mapping[int, int]]]
"""Problem -> method -> seed -> experiments."""
OURS = "labloop"
DRAWS = 10_000


@dataclass(frozen=True)
class Beside:
    """Ours against the best peer on one problem."""

    problem: str
    seeds: Sequence[int]
    means: Mapping[str, float]
    ratio: float
    draws: np.ndarray
    """Ratios of the bootstrap, ``DRAWS``."""
    few: Mapping[str, int]
    """Peers that are left out, and how many seeds they have."""

    @property
    def words(self) -> str:
        """The restricted means in words, ours first."""
        peers = sorted((m for m in self.means if m != OURS), key=self.means.__getitem__)
        told = ", ".join(f"{m} {self.means[m]:.1f}" for m in (OURS, *peers))
        out = "".join(f"; left out: {m}, n={n}" for m, n in sorted(self.few.items()))
        return f"{self.problem} {told} (n={len(self.seeds)}{out})"


def beside(hits: Hits, problem: str, seed: int = 0) -> Beside | None:
    """Return the comparison on one problem, None where no seed has ours and a peer."""
    every = hits[problem]
    most = max((len(runs) for m, runs in every.items() if m != OURS), default=0)
    few = {m: len(runs) for m, runs in every.items() if m != OURS and 2 * len(runs) < most}
    methods = {m: runs for m, runs in every.items() if m not in few}
    common = set.intersection(*(set(runs) for runs in methods.values()))
    if OURS not in methods or len(methods) < 2 or not common:
        return None
    seeds = sorted(common)
    rows = {m: np.array([runs[s] for s in seeds], dtype=float) for m, runs in methods.items()}
    peers = np.stack([row for m, row in rows.items() if m != OURS])
    picked = np.random.default_rng(seed).integers(len(seeds), size=(DRAWS, len(seeds)))
    drawn = rows[OURS][picked].mean(1) / peers[:, picked].mean(2).min(0)
    ratio = rows[OURS].mean() / peers.mean(1).min()
    means = {m: float(row.mean()) for m, row in rows.items()}
    return Beside(problem, seeds, means, float(ratio), drawn, few)


def together(found: Sequence[Beside]) -> tuple[float, float, float]:
    """Return the geometric mean of the ratios over problems and its 90 % interval."""
    mean = float(np.exp(np.mean([np.log(one.ratio) for one in found])))
    draws = np.exp(np.mean([np.log(one.draws) for one in found], axis=0))
    low, high = np.quantile(draws, [0.05, 0.95])
    return mean, float(low), float(high)


def each(hits: Hits) -> str:
    """Return, in words, the geometric mean over problems of ours over each peer's restricted mean.

    Only the seeds that both have count, so that a peer with few runs takes none from the others.
    """
    found: dict[str, list[float]] = {}
    for methods in hits.values():
        ours = methods.get(OURS, {})
        for peer in methods.keys() - {OURS}:
            seeds = sorted(ours.keys() & methods[peer].keys())
            if seeds:
                mine = np.mean([ours[s] for s in seeds])
                theirs = np.mean([methods[peer][s] for s in seeds])
                found.setdefault(peer, []).append(float(np.log(mine / theirs)))
    return ", ".join(
        f"{np.exp(np.mean(logs)):.2f} x {peer} ({len(logs)} problems)"
        for peer, logs in sorted(found.items())
    )
