"""Random commands on every driver: not a number, infinities, wrong units, huge: none gets through.

Usage: python -m benchmarks.devices.commands [--commands N]

Each command names an action of a driver in an open lab and gives it arguments that a program
with a mistake might give; one in twenty is what the lab allows. Two judges: what the driver's
function is called with is held against the limits of instrument and lab file, and the truth
log of the emulator against those of the lab file. Prints one JSON line.
"""

import argparse
import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.devices.cases import CASES, Case
from benchmarks.devices.fuzz import FuzzBench, beyond
from labloop.errors import LabloopError
from labloop.lab import ActionSpec, Arg, Argument
from labloop.testing.drivers import Bench
from labloop.units import quantity

_LONG = 60.0
"""Actions that may take longer (they wait for heat) are not carried out, only called."""
_ALLOWED = 0.05
"""The part of commands whose every argument is allowed."""
_UNITS = (
    "mL",
    "mL/min",
    "degC",
    "K",
    "V",
    "A",
    "rpm",
    "s",
    "min",
    "mm",
    "uL",
    "g",
    "1",
    "%",
    "bar",
)
_PER_TURN = 200

Draw = Callable[[random.Random, Argument], Any]


def _odd(chance: random.Random, _argument: Argument) -> Any:
    """Return what is no quantity of the right kind at all."""
    return chance.choice(
        (
            math.nan, math.inf, -math.inf, 1e308, -1e308, 10**400, 5e-324, -0.0, 0, 1, 3.7, True,
            None, "", "5 mL", "nan", "inf degC", "\x00", "9" * 300, [], {}, (1, 2), 1j, b"\x02",
            np.float64("nan"), np.float64("inf"), np.float32(2), np.int64(2**62),
            np.array([1.0, 2.0]), object(),
        )
    )  # fmt: skip


def _in_some_unit(chance: random.Random, _argument: Argument) -> Any:
    """Return a number in any unit, of any size."""
    value = chance.choice(
        (chance.uniform(-10, 10), chance.uniform(-1, 1) * 10 ** chance.randint(-300, 300))
    )
    return quantity(value, chance.choice(_UNITS))


def _near_a_limit(chance: random.Random, argument: Argument) -> Any:
    """Return a value in its own unit, just within or beyond what the instrument allows."""
    arg = argument.arg
    if arg is None:
        return _odd(chance, argument)
    bounds = [each for each in (arg.ge, arg.gt, arg.le, arg.lt) if each is not None] or [0.0]
    bound = chance.choice(bounds)
    return quantity(
        bound + chance.uniform(-1, 1) * max(abs(bound), 1.0) * 10 ** chance.randint(-9, 2), arg.unit
    )


_DRAWS: tuple[Draw, ...] = (_odd, _in_some_unit, _near_a_limit)


def _allowed(chance: random.Random, argument: Argument, limits: dict[str, Arg]) -> Any:
    arg = argument.arg
    if arg is None:
        return {"choice": (argument.choices or ("",))[0], "flag": True}.get(argument.kind, "cup_1")
    arg = limits.get(argument.name, arg)
    low = arg.ge if arg.ge is not None else arg.gt
    high = arg.le if arg.le is not None else arg.lt
    value = chance.uniform(low or 0.0, high if high is not None else (low or 0.0) + 1.0)
    return quantity(round(value) if argument.kind == "integer" else value, arg.unit)


def given(chance: random.Random, spec: ActionSpec, limits: dict[str, Arg]) -> dict[str, Any]:
    """Return the arguments of one command."""
    told = {n: _allowed(chance, argument, limits) for n, argument in spec.arguments.items()}
    if chance.random() < _ALLOWED:
        return told
    for name in chance.sample(list(told), chance.randint(0, len(told))):
        told[name] = chance.choice(_DRAWS)(chance, spec.arguments[name])
    if chance.random() < 0.02:
        told[chance.choice(("rate", "volume", "speed", "timeout"))] = _odd(
            chance, Argument("x", "text")
        )
    if told and chance.random() < 0.02:
        del told[chance.choice(list(told))]
    return told


@contextmanager
def judged(bench: Bench, limits: dict[tuple[str, str], Arg], seen: Counter[str]) -> Iterator[None]:
    """Hold what the driver's functions are called with against the limits."""
    kept = {spec: spec.function for spec in bench.kind.actions.values()}
    for spec, function in kept.items():

        async def instead(
            device: Any, *, _spec: ActionSpec = spec, _function: Any = function, **bound: Any
        ) -> Any:
            seen["reached the driver"] += 1
            for name, value in bound.items():
                for arg in (_spec.arguments[name].arg, limits.get((_spec.name, name))):
                    # Written so that not a number is beyond every limit.
                    if arg is not None and not _within(arg, value):
                        seen["beyond"] += 1
            if _spec.timeout is not None and _spec.timeout <= _LONG:
                return await _function(device, **bound)
            return None

        spec.function = instead
    try:
        yield
    finally:
        for spec, function in kept.items():
            spec.function = function


def _within(arg: Arg, value: float) -> bool:
    return (
        math.isfinite(value)
        and (arg.ge is None or value >= arg.ge)
        and (arg.le is None or value <= arg.le)
        and (arg.gt is None or value > arg.gt)
        and (arg.lt is None or value < arg.lt)
    )


def command(case: Case, number: int, seed: int = 1) -> dict[str, Any]:
    """Give one driver ``number`` random commands, and return what came of them."""
    seen: Counter[str] = Counter()
    told = ""
    chance = random.Random(seed)
    bench = FuzzBench(case)
    limit = Arg(case.unit, ge=case.limit[0], le=case.limit[1])
    own = {(key.partition(".")[0], key.partition(".")[2]): limit for key in case.limits}

    async def turn(lab: Any) -> None:
        nonlocal told
        device = getattr(lab, case.shipped.device)
        specs = list(type(device).actions.values())
        for _ in range(_PER_TURN):
            spec = chance.choice(specs)
            arguments = given(
                chance, spec, {a: arg for (n, a), arg in own.items() if n == spec.name}
            )
            seen["commands"] += 1
            try:
                await getattr(device, spec.name)(**arguments)
            except LabloopError:
                seen["refused"] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                seen["crashes"] += 1
                told = (
                    told
                    or f"{case.driver}.{spec.name}({arguments}): {type(error).__name__}: {error}"
                )
        await device.context.clock.sleep(0.001)

    with bench, judged(bench, own, seen):
        while seen["commands"] < number:
            bench.host.call(turn)
    seen["beyond"] += beyond(case, bench)
    return {**seen, "told": told}


def main() -> None:
    """Command every driver, and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--commands", type=int, default=1_000_000)
    asked = parser.parse_args().commands
    total: Counter[str] = Counter(beyond=0, crashes=0)
    began, told = time.monotonic(), []
    for case in CASES:
        found = command(case, -(-asked // len(CASES)))
        text = found.pop("told")
        if text:
            told.append(text[:300])
        total.update(found)
    print(json.dumps({**total, "told": told, "seconds": round(time.monotonic() - began)}))
    raise SystemExit(1 if total["beyond"] or total["crashes"] else 0)


if __name__ == "__main__":
    main()
