"""A user's own functions: what they are called, where they lie, and what they raise, in words."""

import inspect
import math
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from labloop.campaign.decisions import StopRule
from labloop.errors import CampaignError, LabloopError
from labloop.records import Point

if TYPE_CHECKING:
    from labloop.lab import Work

T = TypeVar("T")


def call_user_code(what: str, call: Callable[[], T]) -> T:
    """Return what a user's code returns; raises CampaignError with its reason and line."""
    try:
        return call()
    except (LabloopError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a user's code may raise anything, also by sys.exit
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise CampaignError(
            f"{what} failed with {type(error).__name__}: {error} "
            f"({Path(last.filename).name} line {last.lineno}); correct it there"
        ) from error


def counts_changeover(price: Callable[..., float] | None) -> bool:
    """Return whether a user's cost takes the conditions before: an argument called ``before``."""
    if price is None:
        return False
    try:
        return "before" in inspect.signature(price).parameters
    except (TypeError, ValueError):  # a function of C tells nothing of itself
        return False


def cost_of(price: Callable[..., float] | None, point: Point, before: Point | None = None) -> float:
    """Return what an experiment at ``point`` costs, in the unit of the user's function.

    Args:
        price: the user's function; without one an experiment costs nothing.
        point: its conditions.
        before: those of the experiment that was begun before; None for the first.

    Raises:
        CampaignError: the function fails, or gives no finite number from 0.
    """
    if price is None:
        return 0.0
    words = {"before": before} if counts_changeover(price) else {}
    cost = call_user_code("the function cost", lambda: float(price(point, **words)))
    if not math.isfinite(cost) or cost < 0:
        # A budget would never be used up by it.
        raise CampaignError(
            f"the function cost gave {cost:g} for {dict(point)}; a cost is a finite number from 0"
        )
    return cost


def stop_rule_reason(rule: StopRule, scores: Sequence[float]) -> str | None:
    """Return why a rule ends the campaign, or None."""
    return call_user_code(f"the stop rule {type(rule).__name__}", lambda: rule.met(scores))


def name_of(thing: object) -> str:
    """Return the name of a user's function, model or object; empty for None."""
    if thing is None or isinstance(thing, str):
        return thing or ""
    name = getattr(thing, "__name__", None) or getattr(thing, "name", None)
    return str(name or type(thing).__name__)


def is_work(thing: object) -> "TypeGuard[Work]":
    """Return whether a procedure is a Function, Command, Notebook or ClusterJob.

    Asked of what it can do, so that no lab is loaded for a plain function.
    """
    return hasattr(thing, "carry_out") and hasattr(thing, "make_place")


def kind_of(procedure: object) -> str:
    """Return what carries experiments out without a lab: ``function``, ``command``, ..."""
    return procedure.kind if is_work(procedure) else "function"


def code_of(thing: object) -> Any:
    """Return the function with code behind a partial, work or a decorator.

    Of an object that can be called its class, of a command or a notebook None.
    """
    inner: Any = getattr(thing, "func", None if is_work(thing) else thing)
    if inner is None:
        return None
    inner = inspect.unwrap(getattr(inner, "func", inner))
    return inner if hasattr(inner, "__code__") else type(inner)


def source_file(thing: object) -> Path | None:
    """Return where a function was written; a notebook's cells have names of their own."""
    code = getattr(code_of(thing), "__code__", None)
    return None if code is None else Path(code.co_filename)
