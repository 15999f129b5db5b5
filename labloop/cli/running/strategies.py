"""Strategies by what a person writes: a name, a peer, or ``FILE.py:object``."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labloop.errors import BrainError, CampaignError

if TYPE_CHECKING:
    from labloop.brain import Strategy

_BAYBE = {
    "baybe": "ohe",
    "baybe-ohe": "ohe",
    "baybe-smiles": "smiles",
    "baybe-descriptors": "descriptors",
}
PEERS = (*_BAYBE, "plain")
"""Strategies of others, which live in the benchmarks of a checkout."""


def checkout() -> Path:
    """Return the folder that holds the package: the root of a checkout, where it is one."""
    return Path(__file__).resolve().parents[3]


def find_method(text: str, device: str = "auto") -> "tuple[str, Callable[[], Strategy]]":
    """Return the name that runs are kept under, and what makes the strategy.

    ``device`` is where physics is solved, for strategies of ours that are called by name.

    Raises:
        CampaignError: no such file, object, peer or name.
    """
    from labloop.brain import resolve_strategy  # noqa: PLC0415 - loads torch

    if ".py:" in text:
        return _from_file(text)
    if text in PEERS:
        return text, _peer(text)
    try:
        resolve_strategy(text, device=device)
    except BrainError as error:
        raise CampaignError(
            f"{error}; peers are {', '.join(PEERS)}, and FILE.py:object names one of your own"
        ) from error
    return text, lambda: resolve_strategy(text, device=device)


def _from_file(text: str) -> "tuple[str, Callable[[], Strategy]]":
    place, _, attribute = text.rpartition(":")
    path = Path(place).expanduser().resolve()
    found = getattr(_module(path), attribute, None)
    if found is None:
        raise CampaignError(f"{path.name} has no {attribute!r}, which {text!r} names")
    # Runs of an edited file must never pass for runs of what it was before.
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:6]
    name = re.sub(r"[^\w.@-]", "_", f"{path.stem}.{attribute}@{mark}")
    return name, _maker(found, text)


def _maker(found: Any, text: str) -> "Callable[[], Strategy]":
    """Return what makes a strategy of a class, a function without arguments, or an object."""
    ready = hasattr(found, "propose") and not isinstance(found, type)
    make: Callable[[], Any] = (lambda: found) if ready else found
    if not callable(make):
        raise CampaignError(f"{text!r} is {found!r}, which is no strategy: it has no propose(...)")
    try:
        made = make()
    except TypeError as error:
        raise CampaignError(f"{text!r} cannot be made without arguments: {error}") from error
    if not callable(getattr(made, "propose", None)):
        raise CampaignError(
            f"{text!r} makes {made!r}, which is no strategy: it has no propose(...)"
        )
    return make


def _peer(name: str) -> "Callable[[], Strategy]":
    file = checkout() / "benchmarks" / "planner" / "peers.py"
    if not file.is_file():
        raise CampaignError(
            f"the peer {name!r} lives in the benchmarks of a checkout, and {file} does not exist; "
            "run labloop from a checkout, or name a strategy by FILE.py:object"
        )
    module = _module(file)
    if name == "plain":
        plain: Callable[[], Strategy] = module.PlainBotorch
        return plain
    if not Path(module.PYTHON).exists():
        raise CampaignError(
            f"the peer {name!r} runs in an environment of its own, which is not there yet; "
            "make it with: python benchmarks/planner/make_peer_env.py"
        )
    made: Strategy = module.BaybeStrategy(_BAYBE[name])
    # One process for all runs: it takes seconds to start.
    return lambda: made


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise CampaignError(f"the file {path} does not exist; write FILE.py:object")
    name = f"labloop_bench_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CampaignError(f"{path} is no Python file; write FILE.py:object")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CampaignError(
            f"{path.name} does not run: {type(error).__name__}: {error}; mend it first"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    return module
