"""What survives: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_durability [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``; campaigns that were killed are kept
beside them. The page is docs/reference/reliability.md.
"""

import sys
from dataclasses import replace
from functools import partial

from benchmarks.figures import ROOT, Benches, Figure, main, module

PAGE = ROOT / "docs" / "reference" / "reliability.md"
POINT_KILLS = 20
RANDOM_KILLS = 500
PREFECT_KILLS = 100
HOST_KILLS = 50
TOLD_KILLS = 10
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def points(database: str, kills: int = POINT_KILLS) -> list[Figure]:
    found, command = module(
        "benchmarks.durability.kills", "--at", "points", "--database", database, "--kills", kills
    )
    asked = (
        f"kill -9 at 12 named points x {POINT_KILLS}, {NAMES[database]}: "
        "0 lost, 0 done twice, every window uncertain"
    )
    enough = found["points"] >= 12 and found["kills"] >= found["points"] * POINT_KILLS
    return [_killed(f"points-{database}", asked, found, command, enough=enough)]


def at_random(database: str, kills: int = RANDOM_KILLS) -> list[Figure]:
    found, command = module(
        "benchmarks.durability.kills", "--at", "random", "--database", database, "--kills", kills
    )
    asked = (
        f"kill -9 at {RANDOM_KILLS} random moments, {NAMES[database]}: "
        "0 lost, 0 done twice, every window uncertain"
    )
    enough = found["kills"] >= RANDOM_KILLS
    return [_killed(f"random-{database}", asked, found, command, enough=enough)]


def through_prefect(kills: int = PREFECT_KILLS) -> list[Figure]:
    found, command = module(
        "benchmarks.durability.kills", "--at", "random", "--engine", "prefect", "--kills", kills
    )
    asked = f"kill -9 of {PREFECT_KILLS} runs in Prefect: 0 lost, 0 done twice"
    enough = found["kills"] >= PREFECT_KILLS
    return [_killed("prefect", asked, found, command, enough=enough)]


def told_by_the_device(kills: int = TOLD_KILLS) -> list[Figure]:
    words = ("--at", "points", "--tells", "--kills", kills)
    found, command = module("benchmarks.durability.kills", *words)
    asked = (
        f"kill -9 at 12 named points x {TOLD_KILLS}, and the device can be asked what it did: "
        "0 lost, 0 done twice, 0 asked about"
    )
    enough = found["points"] >= 12 and found["kills"] >= found["points"] * TOLD_KILLS
    figure = _killed("tells", asked, found, command, enough=enough)
    measured = f"{figure.measured}; {found['wrong']} ends told wrong"
    good = figure.passed and not (found["wrong"] or found["uncertain"])
    return [replace(figure, measured=measured, passed=good)]


def across_a_host(kills: int = HOST_KILLS) -> list[Figure]:
    found, command = module("benchmarks.durability.host_kills", "--kills", kills)
    asked = (
        f"kill -9 with a host behind a bad line, {HOST_KILLS} strikes at campaign, host, both and "
        "line: 0 lost, 0 done twice, every window uncertain, safe before anybody else has it"
    )
    figure = _killed("host", asked, found, command, enough=found["kills"] >= HOST_KILLS)
    measured = (
        f"{figure.measured} ({found['campaigns']} of the campaign, {found['hosts']} of the host), "
        f"{found['cuts']} cuts; {found['wrong']} ends told wrong, {found['unsafe']} times not safe"
    )
    good = figure.passed and not (found["wrong"] or found["unsafe"])
    return [replace(figure, measured=measured, passed=good)]


def told_across_a_host(kills: int = HOST_KILLS) -> list[Figure]:
    words = ("--tells", "--kills", kills)
    found, command = module("benchmarks.durability.host_kills", *words)
    asked = (
        f"the same {HOST_KILLS} strikes where the device can be asked what it did: "
        "0 lost, 0 done twice, 0 asked about"
    )
    figure = _killed("host-tells", asked, found, command, enough=found["kills"] >= HOST_KILLS)
    told = f"{found['wrong']} ends told wrong, {found['unsafe']} times not safe"
    measured = f"{figure.measured}, {found['cuts']} cuts; {told}"
    good = figure.passed and not (found["wrong"] or found["unsafe"] or found["uncertain"])
    return [replace(figure, measured=measured, passed=good)]


def between_machines(kills: int = HOST_KILLS) -> list[Figure]:
    words = ("--tells", "--kills", kills)
    found, command = module("benchmarks.durability.machines.two_machines", *words)
    asked = (
        f"the same strikes, {HOST_KILLS} of them, with TLS between two networks and a line of "
        "lost, doubled and late packets: 0 lost, 0 done twice, 0 asked about"
    )
    if "skipped" in found:
        return [
            Figure("two-machines", asked, f"not measured: {found['skipped']}", 0, command, False)
        ]
    figure = _killed("two-machines", asked, found, command, enough=found["kills"] >= HOST_KILLS)
    told = f"{found['wrong']} ends told wrong, {found['unsafe']} times not safe"
    measured = f"{figure.measured}, {found['cuts']} cuts; {told}"
    good = figure.passed and not (found["wrong"] or found["unsafe"] or found["uncertain"])
    return [replace(figure, measured=measured, passed=good)]


def _killed(name: str, asked: str, found: dict[str, int], command: str, *, enough: bool) -> Figure:
    measured = (
        f"{found['lost']} lost, {found['twice']} of {found['actions']} actions done twice, "
        f"{found['uncertain']} experiments asked about, {found['hidden']} windows hidden; "
        f"chains whole: {bool(found['whole'])}; {found['kills']} kills"
    )
    good = not (found["lost"] or found["twice"] or found["hidden"]) and bool(found["whole"])
    return Figure(name, asked, measured, found["kills"], command, good and enough)


def restarts() -> list[Figure]:
    found, command = module("benchmarks.durability.restarts")
    measured = (
        f"{found['done']} done, {found['uncertain']} given up by a person, {found['lost']} lost, "
        f"{found['twice']} actions done twice; {found['restarts']} crashes of the server, "
        f"{found['starts']} starts of the campaign; chain whole: {found['whole']}"
    )
    good = found["done"] >= 1000 and not (found["lost"] or found["twice"] or found["hidden"])
    asked = "PostgreSQL crashes every 5-40 s under 1000 experiments: all accounted for"
    passed = good and found["whole"]
    return [Figure("restarts", asked, measured, found["experiments"], command, passed)]


def leases(database: str) -> list[Figure]:
    found, command = module("benchmarks.durability.leases", "--database", database)
    asked = (
        f"8 processes x 5000 reservations of one instrument, {NAMES[database]}: "
        "never two at once, stale tokens refused in 100 %"
    )
    measured = (
        f"{found['overdrawn']} at once, {found['twice']} tokens given twice, "
        f"{found['refused']} of {found['stale']} stale tokens refused"
    )
    good = not (found["overdrawn"] or found["twice"] or found["failed"])
    passed = good and found["refused"] == found["stale"] and found["reservations"] >= 40_000
    return [Figure(f"leases-{database}", asked, measured, found["reservations"], command, passed)]


def days() -> list[Figure]:
    found, command = module("benchmarks.durability.lab_days")
    before, after = found["memory_mib"]
    states = ", ".join(f"{count} {state}" for state, count in found["states"].items())
    asked = (
        "72 h of simulated lab time, faults at random on every instrument: 0 stuck, memory (at "
        "most 1.1 x) and descriptors flat"
    )
    measured = (
        f"{found['stuck']} stuck ({states}), {found['open_actions']} actions without an end; "
        f"memory {before:.0f} to {after:.0f} MiB, descriptors {found['handles'][0]} to "
        f"{found['handles'][1]}; chain whole: {found['whole']}"
    )
    flat = after <= 1.1 * before and found["handles"][1] <= found["handles"][0]
    passed = flat and found["stuck"] == 0 and found["open_actions"] == 0 and found["whole"]
    return [Figure("days", asked, measured, found["experiments"], command, passed)]


STEPS = 10_000


def commands(steps: int = STEPS) -> list[Figure]:
    found, command = module("benchmarks.durability.commands", "--steps", steps)
    told = ", ".join(f"{many} {what}" for what, many in found["counts"].items())
    asked = (
        f"{STEPS} steps of runs, kills and words of persons in any order: the record always says "
        "what was said"
    )
    passed = found["steps"] >= STEPS
    return [
        Figure("commands", asked, f"no contradiction ({told})", found["steps"], command, passed)
    ]


def sound_results() -> list[Figure]:
    found, command = module("benchmarks.durability.watching", "clean", "--campaigns", 200)
    asked = "results of 200 sound campaigns of 40 experiments: an alarm in at most 3 % of them"
    told = ", ".join(f"{kind} in {many}" for kind, many in found["kinds"].items()) or "none"
    measured = f"{found['alarmed']} campaigns with an alarm ({told})"
    passed = found["campaigns"] >= 200 and found["alarmed"] <= 0.03 * found["campaigns"]
    return [Figure("watch-clean", asked, measured, found["campaigns"], command, passed)]


WRONG = {
    "stuck": ("a sensor that is stuck from the middle on: told in 90 % of 60 campaigns", 0.9),
    "drift": ("a drift of 2 sd of the results over 40 experiments: told in 90 % of 60", 0.9),
    "slow": ("a drift of 2 sd of the noise over 40 experiments: told in 90 % of 60", 0.9),
    "spoilt": ("one result 3 sd of the results too low: told in 90 % of 60", 0.9),
}
"""What goes wrong -> what is asked of the watch over results, and in which share of campaigns."""


def wrong_results(what: str) -> list[Figure]:
    found, command = module("benchmarks.durability.watching", what, "--campaigns", 60)
    asked, share = WRONG[what]
    after = (
        f", half of them within {found['median_after']:g} experiments, nine tenths within "
        f"{found['ninth_tenth_after']}"
        if found["told"]
        else ""
    )
    measured = f"told in {found['told']} of {found['campaigns']}{after}"
    passed = found["told"] >= share * found["campaigns"] and found["campaigns"] >= 60
    return [Figure(f"watch-{what}", asked, measured, found["campaigns"], command, passed)]


def pool() -> list[Figure]:
    found, command = module("benchmarks.durability.pool")
    asked = (
        "100 campaigns at once through a Prefect work pool: all end, own cost of an experiment at "
        "most 2 x that of one alone"
    )
    measured = (
        f"{found['completed']} of {found['campaigns']} completed in {found['seconds']:.0f} s, "
        f"{found['at_once']} at a time; {found['cpu_ms']:.1f} ms of CPU an experiment, "
        f"{found['ratio']:.2f} x (wall time {found['wall_ratio']:.2f} x)"
    )
    passed = found["completed"] == found["campaigns"] >= 100 and found["ratio"] <= 2.0
    return [Figure("pool", asked, measured, found["campaigns"], command, passed)]


def chain() -> list[Figure]:
    found, command = module("benchmarks.durability.chain_cost")
    asked = "the chain of hashes: at least 0.9 x the experiments a second without it"
    measured = (
        f"{found['ratio']:.2f} x ({found['with']:.0f} and {found['without']:.0f} a second, by "
        f"turns); {found['cpu_ratio']:.2f} x by processor time"
    )
    return [Figure("chain", asked, measured, found["n"], command, found["ratio"] >= 0.9)]


FIGURES: Benches = {
    **{f"points-{name}": partial(points, name) for name in NAMES},
    **{f"random-{name}": partial(at_random, name) for name in NAMES},
    "prefect": through_prefect,
    "tells": told_by_the_device,
    "host": across_a_host,
    "host-tells": told_across_a_host,
    "two-machines": between_machines,
    "restarts": restarts,
    **{f"leases-{name}": partial(leases, name) for name in NAMES},
    "days": days,
    "commands": commands,
    "watch-clean": sound_results,
    **{f"watch-{what}": partial(wrong_results, what) for what in WRONG},
    "pool": pool,
    "chain": chain,
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-durability", PAGE))
