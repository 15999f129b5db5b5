"""A function that a user wrote: called with tensors or arrays, differentiated, explained."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.models.central_differences import CentralDifferences
from labloop.physics.models.function_faults import describe, described_type, place_in
from labloop.records import FloatArray

Values: TypeAlias = Mapping[str, Tensor]
Gradients: TypeAlias = Literal["automatic", "central differences"]
_Kind: TypeAlias = Literal["torch", "torch without gradients", "numpy"]
_GIVEN_TENSORS = "Can't call numpy() on Tensor"


class UserFunction:
    """A function ``(inputs, parameters) -> outputs`` over many experiments at once.

    Whether it takes torch tensors, lets gradients through, or needs NumPy arrays is found out at
    the first call, with two experiments, so that it does not depend on how many there are.

    Args:
        function: what the user wrote.
        model: what the model is called in messages.
        points: output -> how many values it has for one experiment: 0 for a scalar, else the
            points of a curve.
    """

    def __init__(
        self, function: Callable[[Any, Any], Any], model: str, points: Mapping[str, int]
    ) -> None:
        self._function = function
        self._model = model
        self._points = dict(points)
        self._kind: _Kind | None = None

    @property
    def gradients(self) -> Gradients:
        """Where gradients come from, known after the first call."""
        no_gradients = self._kind in {"torch without gradients", "numpy"}
        return "central differences" if no_gradients else "automatic"

    def __call__(self, x: Values, theta: Values, shape: torch.Size) -> dict[str, Tensor]:
        """Return the outputs, ``shape`` each, and ``shape x n`` of a curve, in float64.

        Args:
            x: inputs, of shapes that broadcast to ``shape``.
            theta: parameters, likewise.
            shape: of the experiments.

        Raises:
            PhysicsError: the function raised, or returned something else; one sentence with the
                model's name and the line.
        """
        if self._kind is None:
            self._kind = self._find_kind(x, theta)
        if self._kind == "torch":
            found = self._evaluate(x, theta, shape)
        else:
            names, count, arrays = (*x, *theta), len(x), self._kind == "numpy"

            def evaluate(values: Sequence[Tensor]) -> tuple[Tensor, ...]:
                named = list(zip(names, values, strict=True))
                return self._evaluate(
                    dict(named[:count]), dict(named[count:]), shape, arrays=arrays
                )

            apply: Any = CentralDifferences.apply
            found = apply(evaluate, len(shape), *x.values(), *theta.values())
        return dict(zip(self._points, found, strict=True))

    def _find_kind(self, x: Values, theta: Values) -> _Kind:
        """Return what the function takes, tried at the first experiment, twice.

        Raises:
            PhysicsError: neither tensors nor arrays.
        """
        two = torch.Size([2])
        with torch.enable_grad(), warnings.catch_warnings():
            # Numbers are taken out of values that bear gradients here only, where torch warns.
            warnings.simplefilter("ignore")
            inputs, parameters = _first_twice(x), _first_twice(theta)
            try:
                found = self._evaluate(inputs, parameters, two)
            except PhysicsError as error:
                failed = error
            else:
                flows = any(value.requires_grad for value in found)
                return "torch" if flows else "torch without gradients"
        if any(v.device.type != "cpu" for v in (*x.values(), *theta.values())):
            raise failed
        try:
            self._evaluate(inputs, parameters, two, arrays=True)
        except PhysicsError as error:
            # Of a function in NumPy the first error only says that it was given tensors.
            raise error if _GIVEN_TENSORS in str(failed.__cause__) else failed from None
        return "numpy"

    def _evaluate(
        self, x: Values, theta: Values, shape: torch.Size, *, arrays: bool = False
    ) -> tuple[Tensor, ...]:
        given = (self._arrays(x), self._arrays(theta)) if arrays else (dict(x), dict(theta))
        try:
            with np.errstate(all="ignore"):
                found = self._function(*given)
        except Exception as error:
            place = place_in(self._function, error)
            said = describe(error, x, theta)
            raise PhysicsError(f"physics {self._model!r}{place} {said}") from error
        return self._checked(found, shape)

    def _arrays(self, values: Values) -> dict[str, FloatArray]:
        if any(v.device.type != "cpu" for v in values.values()):
            raise PhysicsError(
                f"physics {self._model!r} is written in NumPy, which calculates on the processor "
                "only; write it in torch for another device"
            )
        return {name: v.detach().numpy().copy() for name, v in values.items()}

    @property
    def _where(self) -> str:
        """The physics and where its function begins; for errors, a file's name costs time."""
        return f"physics {self._model!r}{place_in(self._function)}"

    def _checked(self, found: Any, shape: torch.Size) -> tuple[Tensor, ...]:
        """Return the tensors that the function returned; raises PhysicsError."""
        whole = found is not None and not isinstance(found, Mapping) and len(self._points) == 1
        given = {next(iter(self._points)): found} if whole else found
        names = list(given) if isinstance(given, Mapping) else []
        missing = [output for output in self._points if output not in names]
        if missing:
            came = ", ".join(map(str, names)) or type(found).__name__
            raise PhysicsError(
                f"{self._where} returned {came}, but nothing for "
                f"{', '.join(missing)}; return a dictionary of output name -> tensor or array"
            )
        values = []
        for output, points in self._points.items():
            wanted = (*shape, points) if points else tuple(shape)
            value = _tensor(given[output])
            if value is None:
                raise PhysicsError(
                    f"{self._where} returned {described_type(given[output])} for "
                    f"{output!r}; return one tensor or array of shape {wanted}, made by operators "
                    "and functions of torch or NumPy"
                )
            try:
                values.append(value.expand(wanted))
            except RuntimeError as error:
                raise PhysicsError(
                    f"{self._where} must return tensors of shape {wanted} for "
                    f"{output!r}{', with a last dimension of points' if points else ''}; it "
                    f"returned {tuple(value.shape)}"
                ) from error
        return tuple(values)


def _tensor(value: Any) -> Tensor | None:
    """Return a float64 tensor of what a function returned for one output, None of anything else."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fiub":
        return torch.from_numpy(np.array(value, dtype=np.float64))
    if isinstance(value, Tensor) and not value.is_complex():
        return value.to(torch.float64)
    return None


def _first_twice(values: Values) -> dict[str, Tensor]:
    """Return the first number of each value, twice, as leaves that take gradients."""
    return {k: v.detach().reshape(-1)[:1].repeat(2).requires_grad_() for k, v in values.items()}
