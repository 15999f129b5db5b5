"""The measured channels of the experiments, and the physics' predictions of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics import BoundPhysics, PhysicsModel
from labloop.records import CurveData
from labloop.surrogates._base import TrainingData
from labloop.surrogates.numerics import CurveModes, curve_modes
from labloop.surrogates.solving.device_solver import DeviceSolver

_DIFFERENCE_STEP = 1e-4
MOST_CPU_SECONDS = 300.0
"""Seconds of its own CPU time that the physics of one fit may take.

The limit is long, so that it stops only functions that practically never end: otherwise a slow
computer would make other proposals than a fast one. Waiting is not counted.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredData(TrainingData):
    """Training data with the outputs and curves that the objective does not read.

    The physics' parameters are fitted to them as well.
    """

    extra_names: tuple[str, ...] = ()
    extra_outputs: Tensor | None = None
    """``n x e`` float64 in declared units, finite, columns as ``extra_names``."""
    curves: Mapping[str, Sequence[CurveData]] = field(default_factory=dict)
    """Curves that every experiment has, ``n`` of a name."""

    def rows(self, index: Tensor) -> Self:
        """Return the data of some experiments, in the order of ``index``."""
        extra = None if self.extra_outputs is None else self.extra_outputs[index]
        picked = index.tolist()
        curves = {name: [every[i] for i in picked] for name, every in self.curves.items()}
        # super() does not work in a dataclass with slots.
        return replace(TrainingData.rows(self, index), extra_outputs=extra, curves=curves)


class PhysicsFailureError(PhysicsError):
    """The physics of a user raised, or gave no finite numbers, while it was evaluated."""


SingularMatrixError: type[Exception] = torch.linalg.LinAlgError  # type: ignore[attr-defined]  # torch does not declare it
"""Raised by linear algebra where physics and measurements differ by many orders of magnitude."""


def check_reads(model: PhysicsModel, names: Sequence[str]) -> None:
    """Raise PhysicsError where ``model`` predicts none of the outputs that an objective reads."""
    if not set(model.outputs) & set(names):
        raise PhysicsError(
            f"physics {model.name!r} predicts {', '.join(model.outputs)}, none of which the "
            f"objective reads ({', '.join(names)}); name its outputs alike"
        )


class Channels:
    """The physics over the measured channels: the objective's outputs, other outputs, curves.

    A channel that the physics does not predict has its mean as prediction and a Jacobian of zero.
    A curve that the physics predicts gives a channel for each of its leading modes.

    Attributes:
        names: the C channels.
        values: measured, ``n x C``.
        scale: standard deviation of each channel over the experiments, ``C``, above 0.
        covered: which channels the physics predicts, C booleans.
        count: how many of the channels, counted from the first, the objective reads.
    """

    def __init__(
        self, bound: BoundPhysics, data: TrainingData, solver: DeviceSolver | None = None
    ) -> None:
        self.bound = bound
        self._solve = solver or DeviceSolver(bound)
        self.count = len(data.names)
        self.encoded = data.encoded.detach().to(torch.float64)
        scalars, values = list(data.names), [data.outputs.detach().to(torch.float64)]
        if isinstance(data, MeasuredData) and data.extra_outputs is not None:
            for i, name in enumerate(data.extra_names):
                if name in bound.outputs and name not in scalars:
                    scalars.append(name)
                    values.append(data.extra_outputs[:, i : i + 1].to(torch.float64))
        self._scalars = [bound.outputs.index(n) if n in bound.outputs else None for n in scalars]
        check_reads(bound.model, data.names)
        self._modes: list[tuple[slice, CurveModes]] = []
        for modes, scores, columns in _modes_of(bound, data):
            self._modes.append((columns, modes))
            values.append(scores)
        self.names = (*scalars, *(name for _, modes in self._modes for name in modes.names))
        self.covered = tuple(
            i >= len(scalars) or self._scalars[i] is not None for i in range(len(self.names))
        )
        self.values = torch.cat(values, dim=1)
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
        found = self._solved(self._solve, encoded, z)
        if self._solve.seconds > MOST_CPU_SECONDS:
            raise PhysicsFailureError(
                f"physics {self.bound.model.name!r} took {self._solve.seconds:.0f} s of CPU, more "
                f"than the {MOST_CPU_SECONDS:g} s that a round gives it; batch its solves, or give "
                "a simpler model"
            )
        return self._by_channel(found, encoded, z)

    def described(self, encoded: Tensor, z: Tensor) -> Tensor:
        """Return what :meth:`predict` returns, without gradients and without counting its time.

        For words about a round, not for its search.

        Raises:
            PhysicsFailureError: the physics raised or returned another shape.
        """
        with torch.no_grad():
            found = self._solved(self.bound.predict_all, encoded, z)
            return self._by_channel(found, encoded, z)

    def _solved(self, solve: Callable[[Tensor, Tensor], Any], encoded: Tensor, z: Tensor) -> Any:
        try:
            return solve(encoded, z)
        except PhysicsError as error:
            raise PhysicsFailureError(str(error)) from error
        except Exception as error:
            raise PhysicsFailureError(
                f"physics {self.bound.model.name!r} raised {type(error).__name__}: {error}"
            ) from error

    def _by_channel(self, found: Any, encoded: Tensor, z: Tensor) -> Tensor:
        """Return solved outputs and curves as channels; raises PhysicsFailureError."""
        shape = (encoded[..., 0] + z[..., :1].sum(-1)).shape
        points = sum(len(axis.values) for axis in self.bound.curves.values())
        wanted = (*shape, len(self.bound.outputs) + points)
        if not isinstance(found, Tensor) or tuple(found.shape) != wanted:
            came = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise PhysicsFailureError(
                f"physics {self.bound.model.name!r} returned {came}, expected {wanted}"
            )
        found = found.to(torch.float64)
        scalars = [
            self._means[c].expand(shape) if column is None else found[..., column]
            for c, column in enumerate(self._scalars)
        ]
        modes = [modes.scores(found[..., columns]) for columns, modes in self._modes]
        return torch.cat([torch.stack(scalars, dim=-1), *modes], dim=-1)

    def value_and_jacobian(self, encoded: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the physics and its Jacobian by the parameters, all solves in one batch.

        Args:
            encoded: ``[..., N, d]``.
            z: ``[..., 1, p]``, one set of parameters for N points, or ``[..., N, p]``, one each.

        Returns:
            ``[..., N, C]`` and ``[..., N, C, p]`` (forward differences).
        """
        count = z.shape[-1]
        steps = torch.cat(
            [torch.zeros(1, count, dtype=z.dtype), _DIFFERENCE_STEP * torch.eye(count)]
        )
        several = z.unsqueeze(-3) + steps.unsqueeze(-2)
        found = self.predict(encoded.unsqueeze(-3), several)
        value = found[..., 0, :, :]
        jacobian = (found[..., 1:, :, :] - value.unsqueeze(-3)) / _DIFFERENCE_STEP
        return value, jacobian.movedim(-3, -1)

    def at_parameter_sets(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return physics ``B x n x C`` and Jacobian at the experiments for parameters ``B x p``."""
        return self.value_and_jacobian(self.encoded, z.unsqueeze(-2))

    def at_own_parameters(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return physics ``n x C`` and Jacobian at the experiments, for parameters ``n x p``.

        Where the physics is not finite the channel's mean and a Jacobian of zero stand for it.
        """
        value, jacobian = self.value_and_jacobian(self.encoded, z)
        sound = torch.isfinite(value) & torch.isfinite(jacobian).all(-1)
        return torch.where(sound, value, self._means), torch.where(sound[..., None], jacobian, 0.0)

    def check_finite(self, value: Tensor, jacobian: Tensor) -> None:
        """Raise PhysicsFailureError where values ``n x C`` at the experiments are not finite.

        The sentence names the first such experiment with its inputs.
        """
        sound = torch.isfinite(value).all(-1) & torch.isfinite(jacobian).flatten(1).all(-1)
        if bool(sound.all()):
            return
        row = int((~sound).nonzero()[0])
        found = next(
            (n for n, v in zip(self.names, value[row], strict=True) if not v.isfinite()), ""
        )
        what = f"{found} " if found else "slope "
        raise PhysicsFailureError(
            f"physics {self.bound.model.name!r} gave {what}values that are not finite at the "
            f"{row + 1}. result ({self.bound.inputs_in_words(self.encoded[row])})"
        )


def _modes_of(
    bound: BoundPhysics, data: TrainingData
) -> Iterator[tuple[CurveModes, Tensor, slice]]:
    """Yield the modes of every curve that is both predicted and measured, with their scores."""
    measured = data.curves if isinstance(data, MeasuredData) else {}
    for name, axis in bound.curves.items():
        found = curve_modes(name, measured[name], axis) if name in measured else None
        if found is not None:
            yield *found, bound.curve_columns[name]
