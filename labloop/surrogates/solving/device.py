"""The device that solves the physics of a round: the processor, or a GPU where that pays.

Only the solves move. The rest of a round are small matrices, for which a GPU is slower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch

from labloop.errors import PhysicsError
from labloop.objectives import unbeaten
from labloop.space import SearchSpace
from labloop.surrogates._base import TrainingData

DeviceChoice: TypeAlias = Literal["auto", "cpu", "cuda"]
"""``auto`` asks :func:`pays`; ``cpu`` and ``cuda`` are orders."""
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
MOST_SOLVES = 100_000
MOST_EXPERIMENTS = 1500
_SHARED, _OF_GROUP = 5, 50
"""Calls of a fit that solve every experiment: once for all, and for each group of channels."""
_OF_NETWORKS = 830
"""Calls that training networks takes beside."""
_HEARD = 1.8
"""Members with physics that keep a weight after a fit, on average."""
_LEAST, _EVERYWHERE, _NEARER = 256, 64, 705
_ELSEWHERE = 3500
_PLACES = 25
_LISTED = 20_000


def estimated_solves(
    data: TrainingData,
    constants: Sequence[int],
    extra: int,
    looked_at: int,
    *,
    networks: bool = False,
) -> int:
    """Return about how many times a round solves its physics, forward differences included.

    Within a factor of two of what :class:`labloop.brain.PhysicsStrategy` asks for.

    Args:
        data: the experiments that are learned from, and how many are to be proposed.
        constants: how many parameters each of the competing models learns.
        extra: measured outputs and curves that only the physics reads.
        looked_at: points at which a search asks, see :func:`search_points`.
        networks: whether networks are trained within each model.
    """
    n, scalars = len(data.encoded), data.outputs.shape[1]
    groups = scalars + (1 if scalars + extra > 1 else 0)
    shared = _SHARED + (_OF_NETWORKS if networks else 0)
    fit = sum((shared + (_OF_GROUP + p) * groups) * n * (p + 1) for p in constants)
    search = data.proposals * _asked_together(data) * (looked_at + n)
    told = n + _PLACES * data.encoded.shape[1]
    return int(fit + _HEARD * (search + told) * (max(constants) + 1))


def _asked_together(data: TrainingData) -> float:
    """Return how many points the models are asked at for each one that is looked at."""
    if data.objective.count > 1:
        # The points of the front, and those that noise may have kept from it.
        return 1.0 + 1.7 * float(unbeaten(data.scores.numpy()).sum())
    if data.outputs.shape[1] == 1 and data.objective.slope is not None:
        return 1.0
    # A nonlinear score is sampled jointly with the candidates for the best point.
    return 2.0


def search_points(space: SearchSpace) -> int:
    """Return about how many points a search for one proposal asks the models at."""
    candidates = space.candidates()
    if candidates is not None:
        return min(len(candidates), _LISTED)
    if space.kind == "box" and not space.constraints_encoded():
        return max(_LEAST, _EVERYWHERE * space.dimension) + _NEARER
    return _ELSEWHERE


def pays_on_gpu(solves: int, experiments: int) -> bool:
    """Return whether a round is large enough for a GPU: the rule of ``docs/how-to/physics.md``."""
    return solves > MOST_SOLVES or experiments > MOST_EXPERIMENTS


def check_device(asked: str) -> None:
    """Raise PhysicsError where physics cannot be solved as ``asked``."""
    if asked not in get_args(DeviceChoice):
        raise PhysicsError(
            f"physics is solved on 'auto', 'cpu' or 'cuda', got device {asked!r}; "
            "leave it out, and it is chosen by the size of each round"
        )
    if asked == "cuda" and not torch.cuda.is_available():
        raise PhysicsError(
            f"device 'cuda' was asked for, but torch {torch.__version__} finds no CUDA device on "
            "this machine; ask for 'auto' or 'cpu', or install a torch built for CUDA"
        )


@dataclass(frozen=True, slots=True)
class DeviceDecision:
    """Where the physics of a round is to be solved, and why."""

    device: torch.device
    why: str
    estimated: int


def choose_device(asked: str, estimated: int, experiments: int) -> DeviceDecision:
    """Return where a round is solved, given its estimated solves and all of its experiments.

    Raises:
        PhysicsError: what is asked for is not there.
    """
    check_device(asked)
    if asked != "auto":
        return DeviceDecision(CPU if asked == "cpu" else CUDA, "asked for", estimated)
    size = f"about {estimated} solves and {experiments} experiments"
    if not pays_on_gpu(estimated, experiments):
        return DeviceDecision(CPU, f"{size} are too few for a GPU", estimated)
    if not torch.cuda.is_available():
        return DeviceDecision(CPU, f"{size} would pay on a GPU, but none is here", estimated)
    return DeviceDecision(CUDA, f"{size} are enough for a GPU", estimated)
