"""The figures that the loop promises: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_loop [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``.
"""

import sys

from benchmarks.figures import Benches, Figure, main, module


def start_up() -> list[Figure]:
    found, command = module("benchmarks.loop.start_up")
    return [
        Figure(
            "import",
            "import labloop under 0.3 s",
            f"{found['import_s']:.3f} s",
            found["n"],
            command,
            found["import_s"] < 0.3,
        ),
        Figure(
            "help",
            "labloop --help under 0.5 s",
            f"{found['help_s']:.3f} s",
            found["n"],
            command,
            found["help_s"] < 0.5,
        ),
    ]


def own_cost() -> list[Figure]:
    figures = []
    peer, _ = module("benchmarks.loop.bluesky_cost")
    for engine, limit in (("plain", 4.0), ("prefect", 15.0)):
        found, command = module("benchmarks.loop.own_cost", engine)
        measured = (
            f"{found['own_ms']:.2f} ms of wall time ({found['own_cpu_ms']:.2f} ms of CPU time, "
            f"commits included, load {found['load']:.1f}); {found['commits']:g} commits take "
            f"{found['commit_ms']:.1f} ms beside (bare commit {found['bare_commit_ms']:.2f} ms); "
            f"{peer['text']}"
        )
        asked = f"own cost per experiment of 6 actions, {engine}: median at most {limit:g} ms"
        figures.append(
            Figure(f"cost-{engine}", asked, measured, found["n"], command, found["own_ms"] <= limit)
        )
    return figures


def lab_day() -> list[Figure]:
    found, command = module("benchmarks.lab_day")
    asked = "24 h of the flow lab, four instruments read every second, journal on: under 10 s"
    measured = (
        f"{found['seconds']:.2f} s for {found['reads']} reads ({found['cpu_seconds']:.2f} s of CPU)"
    )
    return [Figure("lab-day", asked, measured, 1, command, found["seconds"] < 10.0)]


def forecast() -> list[Figure]:
    figures = []
    for lab in ("flow_snar", "direct_arylation"):
        found, command = module("benchmarks.loop.forecast", "--lab", lab)
        asked = f"end of a simulated campaign with noise within 10 % in 90 % of 50 runs: {lab}"
        measured = (
            f"{found['near']} of {found['runs']} (worst {found['worst']:.1%}; {found['inside']} "
            f"within the interval of 90 %, {found['low']:.2f} to {found['high']:.2f} h)"
        )
        passed = found["near"] >= 0.9 * found["runs"]
        figures.append(Figure(f"forecast-{lab}", asked, measured, found["runs"], command, passed))
    return figures


def determinism() -> list[Figure]:
    figures = []
    for lab in ("flow_snar", "direct_arylation"):
        found, command = module("benchmarks.loop.determinism", lab, "--runs", 20)
        asked = f"same seed, same log to the byte in 20 of 20 runs: {lab}"
        measured = (
            f"{found['same']} of {found['runs']} ({found['bytes']} bytes; "
            f"{found['experiments']} experiments, strategy {found['strategy']})"
        )
        passed = found["same"] == found["runs"] == 20
        figures.append(Figure(f"same-{lab}", asked, measured, 20, command, passed))
    return figures


def resumed() -> list[Figure]:
    found, command = module("benchmarks.loop.resumed", "--campaigns", 50)
    asked = "50 of 50 botorch campaigns, killed and resumed, propose the bits of undisturbed ones"
    measured = (
        f"{found['equal']} of {found['campaigns']}; killed with {min(map(int, found['cut']))} to "
        f"{max(map(int, found['cut']))} of 10 experiments planned"
    )
    passed = found["equal"] == found["campaigns"] == 50
    return [Figure("resumed", asked, measured, found["campaigns"], command, passed)]


def demo() -> list[Figure]:
    found, command = module("benchmarks.loop.demo")
    asked = (
        "demo after the install: at most 120 s, never silent over 3 s, 20 DONE experiments with "
        "proposal and 6 actions whose frames equal the emulators' truth log, report over 50 kB"
    )
    measured = (
        f"{found['seconds']:.0f} s, longest silence {found['silence']:.1f} s, "
        f"{found['done']} done, fewest actions {found['actions']}, "
        f"frames equal: {found['frames_equal']}, "
        f"report {found['report_kb']:.0f} kB, offline: {found['offline']} "
        f"({found['offline_why']})"
    )
    passed = (
        found["seconds"] <= 120
        and found["silence"] <= 3
        and found["done"] >= 20
        and found["proposals"] == found["done"]
        and found["actions"] >= 6
        and found["frames_equal"]
        and found["report_kb"] > 50
        and found["offline"]
    )
    return [Figure("demo", asked, measured, found["done"], command, passed)]


def arylation() -> list[Figure]:
    found, command = module("benchmarks.planner.arylation_figure")
    asked = (
        "direct arylation, batches of 5, 50 experiments, paired with BayBE, {}: median ratio of "
        "experiments to 90.39 %: goal 0.7, upper end of the 90 % interval below 1.0"
    )
    return [
        Figure(
            f"arylation-{row['name']}",
            asked.format(f"both sides know {row['name']}"),
            f"{row['text']}; beside: {found['beside']}",
            row["n"],
            command,
            bool(row["passed"]),
        )
        for row in found["rows"]
    ]


def online() -> list[Figure]:
    found, command = module("benchmarks.loop.online_equals_offline", "--seeds", 3)
    asked = "3 seeds through robot, HPLC, database and Prefect equal the offline run"
    measured = (
        f"{found['equal']} of {found['points']} points equal ({found['experiments']} experiments "
        f"a seed), yields within {found['largest_difference']:.1g} %"
    )
    passed = found["equal"] == found["points"] > 0
    return [Figure("online", asked, measured, found["points"], command, passed)]


def physics() -> list[Figure]:
    found, command = module("benchmarks.flow.figure")
    asked = (
        "flow reactor, 30 seeds, 30 experiments: experiments to 95 % of the optimum with physics "
        "at most half of those without (restricted means)"
    )
    return [Figure("physics", asked, found["text"], found["n"], command, bool(found["passed"]))]


def members() -> list[Figure]:
    found, command = module("benchmarks.planner.members_figure")
    asked = "on every built-in problem auto's median at most 1.1x the better of its members"
    return [Figure("members", asked, found["text"], found["n"], command, bool(found["passed"]))]


FIGURES: Benches = {
    "start_up": start_up,
    "own_cost": own_cost,
    "lab_day": lab_day,
    "forecast": forecast,
    "determinism": determinism,
    "resumed": resumed,
    "demo": demo,
    "online": online,
    "physics": physics,
    "members": members,
    "arylation": arylation,
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures"))
