"""Strategies by what a person writes: a name, or ``FILE.py:object``."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labloop.cli.terminal import load_python_file
from labloop.errors import CampaignError

if TYPE_CHECKING:
    from labloop.brain import Strategy


def find_method(text: str, device: str = "auto") -> "tuple[str, Callable[[], Strategy]]":
    """Return the name that runs are kept under, and what makes the strategy.

    ``device`` is where physics is solved, for strategies of ours that are called by name.

    Raises:
        CampaignError: no such file, object or name.
        BrainError: a peer that is not installed.
    """
    from labloop.brain import resolve_strategy, strategy_names  # noqa: PLC0415 - loads torch

    if ".py:" in text:
        return _from_file(text)
    if text not in strategy_names():
        raise CampaignError(
            f"no strategy is called {text!r}; there are: {', '.join(strategy_names())}, and "
            "FILE.py:object names one of your own"
        )
    # Where it cannot be made, now is the time to say so.
    resolve_strategy(text, device=device)
    return text, lambda: resolve_strategy(text, device=device)


def _from_file(text: str) -> "tuple[str, Callable[[], Strategy]]":
    place, _, attribute = text.rpartition(":")
    path = Path(place).expanduser().resolve()
    found = getattr(load_python_file(path), attribute, None)
    if found is None:
        raise CampaignError(
            f"{path.name} has no {attribute!r}, which {text!r} names; write FILE.py:NAME with the "
            "name of a strategy in it"
        )
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
        raise CampaignError(
            f"{text!r} cannot be made without arguments: {error}; name an object that is made"
        ) from error
    if not callable(getattr(made, "propose", None)):
        raise CampaignError(
            f"{text!r} makes {made!r}, which is no strategy: it has no propose(...)"
        )
    return make
