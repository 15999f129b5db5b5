"""Values that pass between a campaign and its brain: proposals, observations, the dataset."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labloop.errors import DefinitionError
from labloop.records._canonical import Json, content_hash
from labloop.records._numbers import finite
from labloop.records._states import Severity
from labloop.records._values import CurveData, FloatArray, Point, freeze


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model expects of one output: mean, standard deviation, 90 % interval."""

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A point that the brain asks for, with its reason."""

    point: Point
    strategy: str
    """The strategy that made it: ``sobol``, ``botorch``, ..."""
    reason: str
    """Why it was proposed, in words: the rule of the strategy that applied."""
    model: str = ""
    acquisition: str = ""
    acquisition_value: float | None = None
    predicted: Mapping[str, Prediction] = field(default_factory=dict)
    """Output name (or objective name) -> prediction."""
    seed: int = 0
    well: str = ""
    """Where it stands on its plate, such as ``A1``; empty without a plate."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "point", freeze(self.point))
        object.__setattr__(self, "predicted", freeze(self.predicted))


@dataclass(frozen=True, slots=True)
class Observation:
    """One finished experiment as a strategy sees it; a failed one has no outputs.

    Raises:
        DefinitionError: an output or sd is no finite number, or an sd is negative.
    """

    experiment_id: str
    point: Point
    outputs: Mapping[str, float] = field(default_factory=dict)
    sd: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, CurveData] = field(default_factory=dict)
    failed: bool = False
    asked: Point | None = None
    """The conditions asked for, where others were reached; ``point`` holds the reached ones."""
    seconds: float | None = None
    """Lab seconds that it took, where what proposals take is weighed; None elsewhere."""
    digest: str = field(init=False, repr=False)
    """sha256 of all fields above; a dataset's fingerprint is made of these."""

    def __post_init__(self) -> None:
        where = f"of experiment {self.experiment_id}"
        # Floats, because a 1 comes back from the database as 1.0 and must have the same digest.
        outputs = {n: finite(v, f"output {n!r} {where}") for n, v in self.outputs.items()}
        sd = {n: finite(v, f"the sd of {n!r} {where}") for n, v in self.sd.items()}
        for name, value in sd.items():
            if value < 0:
                raise DefinitionError(f"the sd of {name!r} {where} cannot be negative")
        object.__setattr__(self, "outputs", freeze(outputs))
        object.__setattr__(self, "sd", freeze(sd))
        object.__setattr__(self, "point", freeze(self.point))
        object.__setattr__(self, "asked", None if self.asked is None else freeze(self.asked))
        object.__setattr__(self, "curves", freeze(self.curves))
        object.__setattr__(self, "digest", self._digest())

    def _digest(self) -> str:
        curves = {name: _curve_key(curve) for name, curve in self.curves.items()}
        head: list[Json] = [self.experiment_id, dict(self.point), dict(self.outputs)]
        tail: list[Json] = [] if self.asked is None else [dict(self.asked)]
        if self.seconds is not None:
            tail.append(f"{self.seconds!r} s")
        return content_hash([*head, dict(self.sd), curves, self.failed, *tail])


_BLOCK = 64
"""A dataset keeps the state of its hash after every so many observations."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything measured so far.

    A campaign orders it by the numbers of the experiments, a brain used alone by what it was
    told first.
    """

    observations: tuple[Observation, ...] = ()
    _hashes: tuple["hashlib._Hash", ...] = field(default=(), init=False, repr=False, compare=False)
    """The state of the sha256 after each full block; empty where it was not kept."""
    _done: tuple[Observation, ...] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """Those with outputs, once they were asked for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "observations", tuple(self.observations))

    @property
    def done(self) -> tuple[Observation, ...]:
        """The observations that have outputs."""
        if self._done is None:
            object.__setattr__(self, "_done", _with_outputs(self.observations))
        return self._done or ()

    def __len__(self) -> int:
        return len(self.observations)

    def spliced(self, start: int, stop: int, new: Sequence[Observation]) -> "Dataset":
        """Return a dataset in which ``new`` stands instead of ``observations[start:stop]``.

        The hash of what stands before ``start`` is kept, so that a fingerprint after an
        experiment costs the same whether ten or ten thousand were finished before.
        """
        old = self.observations
        made = Dataset(old[:start] + tuple(new) + old[stop:])
        hashes = list(self._hashes[: len(old[:start]) // _BLOCK])
        for first in range(len(hashes) * _BLOCK, len(made) - _BLOCK + 1, _BLOCK):
            running = hashes[-1].copy() if hashes else hashlib.sha256(b"[")
            running.update(_listed(made.observations[first : first + _BLOCK], first=not hashes))
            hashes.append(running)
        object.__setattr__(made, "_hashes", tuple(hashes))
        if self._done is not None and start == stop == len(old):
            object.__setattr__(made, "_done", self._done + _with_outputs(new))
        return made

    def fingerprint(self) -> str:
        """Return the sha256 (hex) over the digests of the observations, in order.

        It equals :func:`content_hash` of the list of digests; the JSON text is joined here
        because the hash can then go on from the last full block.
        """
        known = len(self._hashes) * _BLOCK
        running = self._hashes[-1].copy() if known else hashlib.sha256(b"[")
        running.update(_listed(self.observations[known:], first=not known) + b"]")
        return running.hexdigest()


def _with_outputs(observations: Sequence[Observation]) -> tuple[Observation, ...]:
    return tuple(one for one in observations if not one.failed)


def _listed(observations: Sequence[Observation], *, first: bool) -> bytes:
    """Return the digests as JSON texts, each with a comma before it but the ``first`` one."""
    text = "".join([f',"{one.digest}"' for one in observations])
    return text[first:].encode()


def _curve_key(curve: CurveData) -> str:
    units = f"{curve.x_unit},{curve.y_unit};".encode()
    return hashlib.sha256(units + curve.x.tobytes() + curve.y.tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class ModelState:
    """The state of a surrogate: plain JSON and named arrays, with a schema number."""

    kind: str
    schema: int
    data: Mapping[str, Json] = field(default_factory=dict)
    arrays: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A named doubt with its explanation: of the physics, of a sensor, of safety."""

    kind: str
    """A short name: ``physics-wrong``, ``drift``, ``sensor-stuck``, ..."""
    message: str
    severity: Severity = Severity.WARNING
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProposalBatch:
    """What a strategy returns: proposals to carry out together, and the model behind them."""

    proposals: tuple[Proposal, ...]
    state: ModelState | None = None
    alarms: tuple[Alarm, ...] = ()
    fit_report: Mapping[str, Json] = field(default_factory=dict)
    """For the report: learned parameters with units and intervals, weights, seconds."""


def points_of(proposals: Sequence[Proposal]) -> list[Point]:
    """Return the points of ``proposals``."""
    return [p.point for p in proposals]
