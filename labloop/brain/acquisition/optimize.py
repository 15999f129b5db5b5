"""Where an acquisition function is largest: in a list, in a box, anywhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from botorch.generation.gen import gen_candidates_scipy
from botorch.utils.sampling import draw_sobol_samples
from torch import Tensor

from labloop.brain.acquisition.few_moves import MANY, best_of_few_moves
from labloop.brain.observations import exhausted, fresh, labels, new_points, small_seed
from labloop.records import FloatArray, Point
from labloop.space import SearchSpace

_WHOLE, _WHOLE_UNBOUNDED = 100_000, 20_000
"""Lists up to so many rows are scored whole, by an acquisition function without a bound."""
_SAMPLED, _AROUND, _LOOKS = 8_000, 128, 6
_CHUNK = 4096
_TIE = 1e-5
"""Logarithms of improvements that differ by less are equal."""
_RAW, _RESTARTS, _NEAR = 1024, 6, 128
_ROUNDS, _PARENTS, _CHILDREN = 10, 8, 32


@dataclass(frozen=True, slots=True)
class Optimum:
    """A legal point, its encoded row and its acquisition value."""

    point: Point
    row: Tensor
    value: float


def values_at(acquisition: AcquisitionFunction, rows: Tensor) -> Tensor:
    """Return the values of ``N x d`` rows, in chunks, without gradients."""
    with torch.no_grad():
        return torch.cat([acquisition(part.unsqueeze(-2)) for part in torch.split(rows, _CHUNK)])


def best_in_list(
    acquisition: AcquisitionFunction, rows: Tensor, mask: FloatArray, seed: int
) -> int | None:
    """Return the number of the best open row of ``N x d``, or None where none is open.

    Where the acquisition function knows what its values cannot exceed, that is asked of every
    row and the value only of those that may still be the best: the answer is that of scoring
    all of them. Otherwise long lists are searched in two stages, a sample and what lies near
    its best rows.

    Categories that nobody has tried yet are equal to the model; drawing among equals by the
    seed keeps the order of a table from deciding what is tried.
    """
    open_rows = np.flatnonzero(mask)
    if not len(open_rows):
        return None
    lots = torch.from_numpy(np.random.default_rng(seed).random(len(open_rows)))
    bound = getattr(acquisition, "bound", None)
    table = rows if len(open_rows) == len(rows) else rows[torch.from_numpy(open_rows)]
    if len(open_rows) > _WHOLE and bound is not None:
        best = _best_by_bound(acquisition, bound, table, lots)
    elif len(open_rows) > _WHOLE_UNBOUNDED and bound is None:
        best = _best_near_a_sample(acquisition, table, lots, seed)
    else:
        best = int(_drawn(values_at(acquisition, table), lots).argmax())
    return int(open_rows[best])


def _drawn(values: Tensor, lots: Tensor) -> Tensor:
    """Return values of which equal ones are told apart by lot."""
    return torch.nan_to_num(values, nan=-torch.inf) + _TIE * lots


def _best_by_bound(
    acquisition: AcquisitionFunction,
    bound: Callable[[Tensor], Tensor],
    rows: Tensor,
    lots: Tensor,
) -> int:
    """Return the number of the best row, by values asked in the order of their bounds."""
    with torch.no_grad():
        bounds = torch.cat([bound(part.unsqueeze(-2)) for part in torch.split(rows, _CHUNK)])
    bounds = _drawn(bounds, torch.ones_like(bounds))
    best, greatest = 0, -torch.inf
    for part in torch.split(bounds.argsort(descending=True, stable=True), _CHUNK):
        if float(bounds[part[0]]) <= greatest:
            break
        values = _drawn(values_at(acquisition, rows[part]), lots[part])
        if float(values.max()) > greatest:
            best, greatest = int(part[int(values.argmax())]), float(values.max())
    return best


def _best_near_a_sample(
    acquisition: AcquisitionFunction, rows: Tensor, lots: Tensor, seed: int
) -> int:
    """Return the number of the best row found in a sample, then ever nearer to its best rows."""
    rng = np.random.default_rng(small_seed(seed, 3))
    new = torch.from_numpy(np.sort(rng.choice(len(rows), _SAMPLED, replace=False)))
    values = torch.full((len(rows),), -torch.inf, dtype=torch.float64)
    looked_at = torch.zeros(len(rows), dtype=torch.bool)
    lengths = rows.square().sum(1)
    for _ in range(_LOOKS):
        values[new] = _drawn(values_at(acquisition, rows[new]), lots[new])
        looked_at[new] = True
        best = values.argsort(descending=True, stable=True)[:_PARENTS]
        away = lengths - 2.0 * rows[best] @ rows.T
        near = torch.unique(away.topk(_AROUND, largest=False).indices)
        new = near[~looked_at[near]]
        if not len(new):
            break
    return int(values.argmax())


def best_in_space(
    acquisition: AcquisitionFunction,
    space: SearchSpace,
    seen: Sequence[Point],
    leaders: Tensor,
    seed: int,
) -> Optimum:
    """Return the best legal point that was not tried.

    Args:
        acquisition: takes ``b x 1 x d`` encoded points.
        space: one that cannot be enumerated.
        seen: points tried or under way.
        leaders: ``p x d`` good measured rows, near which the search begins as well.
        seed: of the starting points.

    Raises:
        SpaceExhaustedError: no untried point was found.
    """
    if space.kind == "box" and not space.constrained:
        starts = _starts(space.dimension, leaders, seed)
        if space.dimension < MANY:
            rows = _climb(acquisition, starts)
        else:
            rows = best_of_few_moves(acquisition, starts, leaders, seed)
    else:
        rows = _evolve(acquisition, space, leaders, seed)
    return _first_legal(acquisition, space, seen, rows, seed)


def _first_legal(
    acquisition: AcquisitionFunction,
    space: SearchSpace,
    seen: Sequence[Point],
    rows: Tensor,
    seed: int,
) -> Optimum:
    points = fresh(space, space.decode(rows.numpy()), labels(space, seen), len(rows))
    if not points:
        points = new_points(space, seen, _NEAR, small_seed(seed, 2))
    if not points:
        raise exhausted(space.size or 0)
    legal = torch.as_tensor(space.encode(points), dtype=torch.float64)
    values = torch.nan_to_num(values_at(acquisition, legal), nan=-torch.inf)
    best = int(values.argmax())
    return Optimum(points[best], legal[best], float(values[best]))


def _starts(dimension: int, leaders: Tensor, seed: int) -> Tensor:
    """Return Sobol points over the cube and Gaussian clouds of two widths at the leaders."""
    everywhere = draw_sobol_samples(
        torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, dimension),
        n=_RAW,
        q=1,
        seed=small_seed(seed),
    ).squeeze(-2)
    generator = torch.Generator().manual_seed(small_seed(seed, 1))
    noise = torch.randn(_NEAR, dimension, dtype=torch.float64, generator=generator)
    width = torch.where(torch.arange(_NEAR) % 2 == 0, 0.1, 0.01).to(noise).unsqueeze(-1)
    near = leaders[torch.arange(_NEAR) % len(leaders)] + width * noise
    return torch.cat([everywhere, near.clamp(0.0, 1.0)])


def _climb(acquisition: AcquisitionFunction, starts: Tensor) -> Tensor:
    """Return rows at local maxima of a unit cube, found by gradients from the best starts."""
    values = torch.nan_to_num(values_at(acquisition, starts), nan=-torch.inf)
    chosen = starts[_spread(starts, values, _RESTARTS)]
    found, _ = gen_candidates_scipy(
        chosen.unsqueeze(-2), acquisition, 0.0, 1.0, options={"maxiter": 100}
    )
    rows = torch.nan_to_num(found.detach().squeeze(-2), nan=0.5).clamp(0.0, 1.0)
    return torch.cat([rows, chosen])


def _spread(rows: Tensor, values: Tensor, count: int) -> list[int]:
    """Return the numbers of good rows that are not neighbours of better ones."""
    order = [int(i) for i in values.argsort(descending=True, stable=True)[: 50 * count]]
    apart = 0.05 * rows.shape[1] ** 0.5
    kept: list[int] = []
    for i in order:
        if len(kept) == count:
            break
        if all(float((rows[i] - rows[j]).norm()) > apart for j in kept):
            kept.append(i)
    return kept + [i for i in order if i not in kept][: count - len(kept)]


def _evolve(
    acquisition: AcquisitionFunction, space: SearchSpace, leaders: Tensor, seed: int
) -> Tensor:
    """Return good rows of any space: mutation in shrinking steps, every child made legal.

    Numbers move by Gaussian steps; any parameter may also take the value of a random legal
    point, which moves categories, steps and integers.
    """
    rng = np.random.default_rng(seed)
    legalise = _legaliser(space)
    pool = np.asarray(space.encode(space.sample(_RAW, small_seed(seed))))
    blocks = _blocks(space)
    known = legalise(leaders.numpy())
    rows = np.unique(np.vstack([pool, known]), axis=0)
    values = _score(acquisition, rows)
    for step in np.geomspace(0.2, 0.004, _ROUNDS):
        order = np.argsort(-values, kind="stable")[:_PARENTS]
        parents = np.repeat(rows[order], _CHILDREN, axis=0)
        children = legalise(_mutate(parents, pool, blocks, float(step), rng))
        rows = np.unique(np.vstack([rows[order], children]), axis=0)
        values = _score(acquisition, rows)
    return torch.from_numpy(rows[np.argsort(-values, kind="stable")[:_NEAR]].copy())


def _score(acquisition: AcquisitionFunction, rows: FloatArray) -> FloatArray:
    values = values_at(acquisition, torch.from_numpy(rows))
    return np.asarray(torch.nan_to_num(values, nan=-torch.inf).numpy())


def _legaliser(space: SearchSpace) -> Callable[[FloatArray], FloatArray]:
    return lambda rows: np.asarray(space.encode(space.decode(rows)))


def _blocks(space: SearchSpace) -> list[tuple[list[int], bool]]:
    """Return, for each parameter, its columns and whether it may move by small steps."""
    columns: dict[str, list[int]] = {}
    numeric: dict[str, bool] = {}
    for feature in space.features:
        columns.setdefault(feature.parameter, []).append(feature.column)
        numeric[feature.parameter] = feature.kind in {"linear", "log"}
    return [(cols, numeric[name]) for name, cols in columns.items()]


def _mutate(
    parents: FloatArray,
    pool: FloatArray,
    blocks: Sequence[tuple[list[int], bool]],
    step: float,
    rng: np.random.Generator,
) -> FloatArray:
    children = parents.copy()
    donors = pool[rng.integers(len(pool), size=len(parents))]
    chance = min(0.5, 2.0 / len(blocks))
    for cols, numeric in blocks:
        moved = rng.random(len(parents)) < max(chance, 0.3)
        given = rng.random(len(parents)) < (0.15 if numeric else 1.0) * chance
        if numeric:
            shift = step * rng.standard_normal((len(parents), len(cols)))
            children[:, cols] += np.where(moved[:, None], shift, 0.0)
        children[:, cols] = np.where(given[:, None], donors[:, cols], children[:, cols])
    return np.clip(children, 0.0, 1.0)
