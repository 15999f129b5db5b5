"""Figures of plates and of hours, for ``make figures-planner``."""

from functools import partial

from benchmarks.figures import Benches, Figure, module

SETS = ("i", "ii", "iii", "iv")
RUNS = 1
HOURS_SEEDS, HOURS_SHARE = 8, 0.6


def speed(size: str, n: int, most: float) -> list[Figure]:
    """Return the CPU seconds of one batch."""
    found, command = module("benchmarks.batches.plates", "speed", "--size", size, "--n", n)
    asked = f"{n} points of {found['combinations']} combinations after 96 results: {most:g} CPU s"
    seconds = found["cpu_seconds"]
    return [Figure(f"plate-{n}", asked, f"{seconds:.1f} CPU s", 1, command, seconds <= most)]


def volume(name: str) -> list[Figure]:
    """Return the hypervolume of five plates on one of Minerva's data sets, beside its method."""
    found, command = module("benchmarks.batches.plates", "volume", "--sets", name, "--seeds", RUNS)
    last = {method: [run[-1] for run in runs[name]] for method, runs in found.items()}
    mean = {method: sum(values) / len(values) for method, values in last.items()}
    asked = f"Minerva's Suzuki {name}, five plates of 96: at least the volume of Thompson-HVI"
    told = ", ".join(f"{method} {100 * share:.1f} %" for method, share in mean.items())
    passed = mean["labloop"] >= mean["thompson-hvi"]
    return [Figure(f"plates-{name}", asked, told, RUNS, command, passed)]


def hours() -> list[Figure]:
    """Return lab hours to 95 % beside those of the planner that ignores time."""
    found, command = module("benchmarks.batches.cost", "--seeds", HOURS_SEEDS)
    mean = {name: sum(r["hours"] for r in runs) / len(runs) for name, runs in found.items()}
    share = mean["per hour"] / mean["per experiment"]
    asked = f"lab hours to 95 % in the flow lab: at most {HOURS_SHARE:g} x those without per='hour'"
    told = f"{mean['per hour']:.1f} h and {mean['per experiment']:.1f} h: {share:.2f} x"
    return [Figure("hours", asked, told, HOURS_SEEDS, command, share <= HOURS_SHARE)]


FIGURES: Benches = {
    "plate-96": partial(speed, "1e5", 96, 5.0),
    "plate-1536": partial(speed, "1e6", 1536, 20.0),
    **{f"plates-{name}": partial(volume, name) for name in SETS},
    "hours": hours,
}
