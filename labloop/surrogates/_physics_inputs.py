"""What a surrogate with physics is given: the measured channels, and the physics at them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics import BoundPhysics
from labloop.surrogates._base import TrainingData

_SLOPE_STEP = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredData(TrainingData):
    """Training data with the scalar outputs that the objective does not read.

    A vector surrogate learns the physics' parameters from them as well.
    """

    extra_names: tuple[str, ...] = ()
    extra_outputs: Tensor | None = None
    """``n x e`` float64 in declared units, finite, columns as ``extra_names``."""


class PhysicsFailureError(PhysicsError):
    """The physics of a user raised, or gave no finite numbers, while it was evaluated."""


class Channels:
    """The physics over the measured channels: first the objective's outputs, then the others.

    A channel that the physics does not speak of has its mean as physics and no slope.

    Attributes:
        names: the C channels.
        values: measured, ``n x C``.
        scale: standard deviation of each channel over the experiments, ``C``, above 0.
        covered: which channels the physics predicts, C booleans.
        count: how many of the channels, counted from the first, the objective reads.
    """

    def __init__(self, bound: BoundPhysics, data: TrainingData) -> None:
        self.bound = bound
        self.count = len(data.names)
        self.encoded = data.encoded.detach().to(torch.float64)
        names, values = list(data.names), [data.outputs.detach().to(torch.float64)]
        if isinstance(data, MeasuredData) and data.extra_outputs is not None:
            for i, name in enumerate(data.extra_names):
                if name in bound.outputs and name not in names:
                    names.append(name)
                    values.append(data.extra_outputs[:, i : i + 1].to(torch.float64))
        self.names = tuple(names)
        self.values = torch.cat(values, dim=1)
        self.covered = tuple(name in bound.outputs for name in names)
        if not any(self.covered[: self.count]):
            raise PhysicsError(
                f"physics {bound.model.name!r} predicts {', '.join(bound.outputs)}, none of which "
                f"the objective reads ({', '.join(data.names)}); name its outputs alike"
            )
        self._columns = [bound.outputs.index(n) if n in bound.outputs else None for n in names]
        self._means = self.values.mean(0)
        self.scale = self._scales()

    def _scales(self) -> Tensor:
        size = self.values.abs().amax(0)
        least = torch.where(size > 0, 1e-3 * size, torch.ones_like(size))
        if len(self.values) > 2:
            return torch.maximum(self.values.std(0), least)
        return torch.where(size > 0, 0.5 * size, torch.ones_like(size))

    def predict(self, encoded: Tensor, z: Tensor) -> Tensor:
        """Return ``[..., C]`` at encoded points ``[..., d]`` and whitened parameters ``[..., p]``.

        Raises:
            PhysicsFailureError: the physics raised or returned another shape.
        """
        name = self.bound.model.name
        try:
            found = self.bound.predict(encoded, z)
        except Exception as error:
            raise PhysicsFailureError(
                f"physics {name!r} raised {type(error).__name__}: {error}"
            ) from error
        shape = (encoded[..., 0] + z[..., :1].sum(-1)).shape
        wanted = (*shape, len(self.bound.outputs))
        if not isinstance(found, Tensor) or tuple(found.shape) != wanted:
            came = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise PhysicsFailureError(f"physics {name!r} returned {came}, expected {wanted}")
        found = found.to(torch.float64)
        return torch.stack(
            [
                self._means[c].expand(shape) if column is None else found[..., column]
                for c, column in enumerate(self._columns)
            ],
            dim=-1,
        )

    def value_and_slope(self, encoded: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the physics and its slope by the parameters, all solves in one batch.

        Args:
            encoded: ``[..., N, d]``.
            z: ``[..., 1, p]``, one set of parameters for N points, or ``[..., N, p]``, one each.

        Returns:
            ``[..., N, C]`` and ``[..., N, C, p]`` (forward differences).
        """
        count = z.shape[-1]
        steps = torch.cat([torch.zeros(1, count, dtype=z.dtype), _SLOPE_STEP * torch.eye(count)])
        several = z.unsqueeze(-3) + steps.unsqueeze(-2)
        found = self.predict(encoded.unsqueeze(-3), several)
        value = found[..., 0, :, :]
        slope = (found[..., 1:, :, :] - value.unsqueeze(-3)) / _SLOPE_STEP
        return value, slope.movedim(-3, -1)
