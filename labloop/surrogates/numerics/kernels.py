"""Stationary kernels over the unit cube, and sums of them over groups of columns.

A kernel is ``sum_p w_p f(sum_g D_g / l_g^2)``: each part ``p`` is a stationary function ``f``
of the squared distances ``D_g`` of its groups of columns, each group with one lengthscale.
One part over all columns is the usual ARD kernel (Rasmussen & Williams, Gaussian Processes for
Machine Learning, section 5.1); one part for each parameter beside it makes an additive kernel
(Duvenaud et al., NeurIPS 2011), which learns main effects from few experiments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature

_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Columns that share a lengthscale."""

    columns: tuple[int, ...]
    label: str
    equality: bool = False
    """Distance 2 wherever the columns differ at all: the Hamming distance of a category."""
    described: bool = False
    """Whether the columns are descriptors, or the category behind them."""
    smooth: bool = False
    """Whether its lengthscale is taken to be long, see ``Kernel.smooth``."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The structure of a covariance; its numbers are in ``Hyperparameters``."""

    name: str
    profile: str
    """``matern52``, ``matern12`` or ``rbf``."""
    groups: tuple[ColumnGroup, ...]
    parts: tuple[tuple[int, ...], ...]
    """Each part lists its groups."""
    log_scale: float = field(default=0.0)
    """Centre of the lengthscales' prior: ``sqrt(2) + ln(d) / 2`` over ``d`` groups of a part."""
    smooth: float = 0.0
    """The length ``4 + 0.4 sqrt(D)`` over ``D`` columns, where groups are smooth; else 0.

    It is the mean of the priors of their lengthscales and of the weights, and held tightly. BayBE
    0.15 has these priors for molecules (its preset "Chen"), and for the numbers beside them.
    """


_SMOOTH = "smooth-"
_ADDITIVE = {"additive": "tied", "additive-hamming": "hamming", "additive-both": "both"}


def build_kernel(name: str, features: Sequence[Feature]) -> Kernel:
    """Return the kernel called ``name`` over encoded columns.

    ``matern``, ``rbf`` and ``rough`` (for what jumps): a lengthscale a column (a parameter where
    it is one-hot).
    ``tied``: a lengthscale a parameter, descriptors included. ``hamming``: categories are
    equal or not. ``both``: they differ by descriptors and in themselves. ``additive``,
    ``additive-hamming``, ``additive-both``: a part a parameter beside the one over all.
    ``smooth-`` before any of them: what a category does is taken to be smooth, and large.
    """
    if name.startswith(_SMOOTH):
        return _smooth(name, features)
    base = _ADDITIVE.get(name, name)
    product = _groups(base, features)
    profile = {"rbf": "rbf", "rough": "matern12"}.get(name, "matern52")
    if name == base:
        return Kernel(name, profile, product, (tuple(range(len(product))),), _centre(len(product)))
    count = len(product)
    parts = (tuple(range(count)), *((count + i,) for i in range(count)))
    return Kernel(name, profile, (*product, *product), parts, _centre(count))


def _smooth(name: str, features: Sequence[Feature]) -> Kernel:
    kernel = build_kernel(name.removeprefix(_SMOOTH), features)
    coded = {f.column for f in features if f.kind in {"onehot", "descriptor"}}
    groups = tuple(replace(g, smooth=not coded.isdisjoint(g.columns)) for g in kernel.groups)
    columns = sum(len(groups[g].columns) for g in kernel.parts[0])
    return replace(kernel, name=name, groups=groups, smooth=4.0 + 0.4 * math.sqrt(columns))


def _centre(count: int) -> float:
    return math.sqrt(2.0) + 0.5 * math.log(count)


def _groups(base: str, features: Sequence[Feature]) -> tuple[ColumnGroup, ...]:
    columns: dict[str, list[Feature]] = {}
    for feature in features:
        columns.setdefault(feature.parameter, []).append(feature)
    groups: list[ColumnGroup] = []
    for parameter, members in columns.items():
        together = tuple(f.column for f in members)
        coded = members[0].kind in {"onehot", "descriptor"}
        if coded and base == "both":
            described = members[0].kind == "descriptor"
            groups.append(ColumnGroup(together, parameter, described=described))
            if described:
                itself = f"{parameter} itself"
                groups.append(ColumnGroup(together, itself, equality=True, described=True))
        elif (
            len(members) == 1 or base == "tied" or members[0].kind == "onehot" or base == "hamming"
        ):
            groups.append(ColumnGroup(together, parameter, equality=coded and base == "hamming"))
        else:
            groups.extend(ColumnGroup((f.column,), f"{parameter}[{f.column}]") for f in members)
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Lengthscales (one a group), weights (one a part) and noise variance of a kernel."""

    lengthscales: FloatArray
    weights: FloatArray
    noise: float


def squared_distances(kernel: Kernel, x: FloatArray) -> FloatArray:
    """Return ``G x n x n`` squared distances of the rows of ``x`` by group."""
    blocks = []
    for group in kernel.groups:
        part = x[:, list(group.columns)]
        square = ((part[:, None, :] - part[None, :, :]) ** 2).sum(-1)
        blocks.append(np.where(square > 1e-18, 2.0, 0.0) if group.equality else square)
    return np.stack(blocks)


def profile_and_derivative(profile: str, square: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``f`` and ``df / d(square)`` of a squared scaled distance."""
    if profile == "rbf":
        value = np.exp(-0.5 * square)
        return value, -0.5 * value
    if profile == "matern12":
        root = np.sqrt(square)
        value = np.exp(-root)
        # Where points coincide the derivative is infinite, and multiplied by a distance of 0.
        return value, -0.5 * value / np.maximum(root, 1e-9)
    root = _SQRT5 * np.sqrt(square)
    decay = np.exp(-root)
    return (1.0 + root + root**2 / 3.0) * decay, -(5.0 / 6.0) * (1.0 + root) * decay


def cross_covariance(kernel: Kernel, hyper: Hyperparameters, a: Tensor, b: Tensor) -> Tensor:
    """Return the ``... x p x q`` covariance of ``a`` (``... x p x d``) and ``b`` (``... x q x d``).

    Gradients flow to the columns of every group that is no equality.
    """
    total: Tensor | None = None
    for part, weight in zip(kernel.parts, hyper.weights, strict=True):
        value = float(weight) * _shape(kernel.profile, _square(kernel, hyper, part, a, b))
        total = value if total is None else total + value
    if total is None:  # pragma: no cover - a kernel has at least one part
        raise AssertionError
    return total


def _square(
    kernel: Kernel, hyper: Hyperparameters, part: tuple[int, ...], a: Tensor, b: Tensor
) -> Tensor:
    columns: list[int] = []
    scales: list[float] = []
    extra: Tensor | None = None
    for g in part:
        group, scale = kernel.groups[g], float(hyper.lengthscales[g])
        if group.equality:
            picked = list(group.columns)
            apart = (a[..., picked].unsqueeze(-2) - b[..., picked].unsqueeze(-3)).abs().amax(-1)
            term = torch.where(apart > 1e-9, 2.0 / scale**2, 0.0).to(a)
            extra = term if extra is None else extra + term
        else:
            columns.extend(group.columns)
            scales.extend([scale] * len(group.columns))
    if not columns:
        return extra if extra is not None else torch.zeros(()).to(a)
    unit = torch.tensor(scales, dtype=a.dtype)
    u, v = a[..., columns] / unit, b[..., columns] / unit
    # The expanded square is several times faster than a difference of n x m x d, and inside
    # the unit cube its rounding does no harm.
    square = (
        u.square().sum(-1).unsqueeze(-1)
        + v.square().sum(-1).unsqueeze(-2)
        - 2.0 * u @ v.transpose(-1, -2)
    ).clamp_min(0.0)
    return square if extra is None else square + extra


def _shape(profile: str, square: Tensor) -> Tensor:
    if profile == "rbf":
        return torch.exp(-0.5 * square)
    if profile == "matern12":
        return torch.exp(-square.clamp_min(1e-20).sqrt())
    root = _SQRT5 * square.clamp_min(1e-20).sqrt()
    return (1.0 + root + root.square() / 3.0) * torch.exp(-root)
