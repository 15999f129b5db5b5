"""What a doubt about the physics would change: the best place, and the experiment that decides.

For words only: nothing here is counted as time of the physics, draws random numbers, or is seen by
the search.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.errors import SpaceExhaustedError
from labloop.records import Point, PointValue
from labloop.surrogates._base import TrainingData
from labloop.surrogates.members import VaryingPosterior
from labloop.surrogates.mixture.physics_report import CandidatePhysics
from labloop.surrogates.solving import Channels, PhysicsFailureError

_LOOKED_AT = 128
_SAME = 0.05
"""Share of a parameter's range within which two places count as one."""
_NAMED = 3
_CLEARLY = 2.0
"""Standard errors of the noise by which a misfit must exceed it, to be no noise."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Where the best place moves when one expectation is exchanged for another.

    Attributes:
        changes: what the second one expects to gain by its own best place over the first one's, in
            standard deviations of the scores so far; 0 or more.
        before: the best place of the first expectation.
        after: that of the second.
    """

    changes: float
    before: Point
    after: Point

    def words(self, data: TrainingData) -> str:
        """Return where the best place moves to: ``temperature 95 instead of 80 degC``."""
        a, b = torch.as_tensor(data.space.encode([self.before, self.after]))
        moves: dict[str, float] = {}
        for feature in data.space.features:
            apart = abs(float(a[feature.column] - b[feature.column]))
            moves[feature.parameter] = max(apart, moves.get(feature.parameter, 0.0))
        moved = sorted((n for n in moves if moves[n] > _SAME), key=lambda n: -moves[n])
        if not moved or self.changes <= 0:
            return ""
        units = {f.parameter: f.unit for f in data.space.features}
        return ", ".join(
            f"{name} {_value(self.after[name])} instead of {told(self.before[name], units[name])}"
            for name in moved[:_NAMED]
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """The experiment for which two expectations differ most.

    Attributes:
        point: where.
        output: the output that differs most there.
        values: what each expects of it.
        unit: of the output.
    """

    point: Point
    output: str
    values: tuple[float, float]
    unit: str

    def words(self, data: TrainingData) -> str:
        """Return the experiment and both predictions in words."""
        units = {f.parameter: f.unit for f in data.space.features}
        where = ", ".join(f"{name} {told(v, units[name])}" for name, v in self.point.items())
        first, second = self.values
        return (
            f"most of all one at {where}, where they expect {self.output} = {first:.3g} and "
            f"{told(second, self.unit)}"
        )


@dataclass(frozen=True, slots=True)
class Misfit:
    """What the best constants leave of the measured outputs.

    Attributes:
        share: of the outputs' variance, noise taken off, from 0 to 1.
        beyond_noise: whether it is more than noise explains, in any output.
    """

    share: float
    beyond_noise: bool


def misfit_of_constants(
    candidate: CandidatePhysics, varying: VaryingPosterior, share: Mapping[str, float]
) -> Misfit | None:
    """Return what constants leave unexplained; None where physics predicts no measured output.

    The noise is that of the member whose constants vary, others take for noise what they miss.
    Its own estimate from ``n`` results varies by a share of ``sqrt(2 / n)``.
    """
    channels, parts, clear = candidate.channels, [], False
    noise = dict(zip(varying.channels, varying.noise_variance(), strict=True))
    for posterior in candidate.constant_posteriors(share):
        value = channels.described(channels.encoded, posterior.z)
        for c in posterior.channels:
            if channels.covered[c]:
                misfit = float((channels.values[:, c] - value[:, c]).square().mean())
                own = float(noise.get(c, 0.0))
                left = (misfit - own) / float(channels.scale[c]) ** 2
                parts.append(min(max(left, 0.0), 1.0))
                most = own * (1.0 + _CLEARLY * math.sqrt(2.0 / len(channels.values)))
                clear = clear or misfit > most
    return Misfit(sum(parts) / len(parts), clear) if parts else None


def shift_by_varying(
    candidate: CandidatePhysics,
    varying: VaryingPosterior,
    share: Mapping[str, float],
    data: TrainingData,
) -> Shift | None:
    """Return how the best place moves where constants may vary over the space."""
    points = spread_places(data)
    constant = candidate.constant_posteriors(share)[0].z
    with torch.no_grad():
        z = varying.z + varying.varied(points)
    return _shift(candidate.channels, data, points, (constant, z))


def shift_by_rival(
    channels: Channels, z: tuple[Tensor, Tensor], data: TrainingData
) -> Shift | None:
    """Return how the best place moves from one set of constants to another."""
    return _shift(channels, data, spread_places(data), z)


def deciding_experiment(
    first: tuple[Channels, Tensor], second: tuple[Channels, Tensor], data: TrainingData
) -> Decision | None:
    """Return the place where two models, or one with two sets of constants, differ most.

    Differences count in standard deviations of the measured outputs that the objective reads.
    """
    points = spread_places(data)
    try:
        a, b = (c.described(points, z)[:, : c.count] for c, z in (first, second))
    except PhysicsFailureError:
        return None
    channels = first[0]
    apart = torch.nan_to_num((a - b).abs() / channels.scale[: channels.count], nan=0.0, posinf=0.0)
    if float(apart.max()) <= 0.0:
        return None
    row, column = divmod(int(apart.argmax()), apart.shape[1])
    output = channels.names[column]
    units = dict(zip(channels.bound.outputs, channels.bound.model.output_units, strict=True))
    return Decision(
        data.space.decode(points[row : row + 1].numpy())[0],
        output,
        (float(a[row, column]), float(b[row, column])),
        units.get(output, "1"),
    )


def told(value: PointValue, unit: str) -> str:
    """Return a value of a point with its unit."""
    return _value(value) if isinstance(value, str) or unit == "1" else f"{_value(value)} {unit}"


def _value(value: PointValue) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def spread_places(data: TrainingData) -> Tensor:
    """Return encoded places spread over the space and those of the experiments."""
    try:
        spread = torch.as_tensor(data.space.encode(data.space.sample(_LOOKED_AT, 0)))
    except SpaceExhaustedError:
        return data.encoded
    return torch.cat([spread, data.encoded])


def _shift(
    channels: Channels, data: TrainingData, points: Tensor, z: tuple[Tensor, Tensor]
) -> Shift | None:
    """Return how the first aim's best place moves; None where that cannot be said."""
    try:
        expected = [channels.described(points, each)[:, : channels.count] for each in z]
    except PhysicsFailureError:
        return None
    before, after = (
        torch.nan_to_num(data.objective.scores(each)[:, 0], nan=-torch.inf, posinf=-torch.inf)
        for each in expected
    )
    first, second = int(before.argmax()), int(after.argmax())
    gain = float(after[second] - after[first])
    if not torch.isfinite(torch.tensor(gain)):
        return None
    spread = float(data.scores[:, 0].std()) if len(data.scores) > 1 else 0.0
    decoded = data.space.decode(points[[first, second]].numpy())
    return Shift(gain / spread if spread > 0 else 0.0, decoded[0], decoded[1])
