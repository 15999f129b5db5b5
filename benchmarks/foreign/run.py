"""Other people's drivers on our emulators, our drivers on other people's simulators.

Usage: python -m benchmarks.foreign.run [--fresh]; resumable: what was measured with the same
packages is not measured again. Writes the table of ``docs/reference/field.md``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks.foreign import make_env, ours
from labloop_simulators.instruments.atlas_ezo import EzoEmulator
from labloop_simulators.instruments.cavro import CavroEmulator
from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.instruments.julabo import JulaboEmulator
from labloop_simulators.instruments.mettler import MettlerEmulator
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.kit import Emulator, TruthLog, serve_pty, serve_tcp

PEER = Path(__file__).with_name("peer.py")
SERVE = Path(__file__).with_name("serve.py")
ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".figures" / "foreign.jsonl"
PAGE = ROOT / "docs" / "reference" / "field.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->"

Row = dict[str, Any]


def pump(**options: Any) -> Emulator:
    return NewEraEmulator("pump", TruthLog(), **options)


def bath() -> Emulator:
    return JulaboEmulator("bath", TruthLog())


def plate() -> Emulator:
    return IkaEmulator("plate", TruthLog())


def balance() -> Emulator:
    return MettlerEmulator("balance", TruthLog())


def probe(kind: str) -> Emulator:
    return EzoEmulator("probe", TruthLog(), kind=kind)


CASES: list[tuple[str, str, Callable[[], Emulator], bool, str]] = [
    ("labmcp_new_era", "labmcp-new-era 0.1.2, address 0", pump, False, "0"),
    ("labmcp_new_era", "labmcp-new-era 0.1.2, address 7", lambda: pump(address=7), False, "7"),
    ("nesp_lib", "nesp-lib 2.0.0, basic mode", pump, True, "0"),
    ("nesp_lib", "nesp-lib 2.0.0, basic pump asked for safe mode", pump, True, "10"),
    ("nesp_lib", "nesp-lib 2.0.0, safe mode", lambda: pump(safe_seconds=10), True, "10"),
    (
        "nesp_lib",
        "nesp-lib 2.0.0, safe pump asked for basic",
        lambda: pump(safe_seconds=10),
        True,
        "0",
    ),
    ("labmcp_julabo", "labmcp-julabo 0.1.2", bath, False, ""),
    ("julabo", "julabo 2.3.0", bath, True, ""),
    ("labmcp_ika", "labmcp-ika 0.1.1", plate, False, ""),
    ("ika", "ika 2.0.3", plate, True, ""),
    ("ika_control", "ika-control 0.7.0", plate, True, ""),
    ("labmcp_cavro", "labmcp-cavro 0.1.3", lambda: CavroEmulator("pump", TruthLog()), False, "1"),
    ("labmcp_mettler", "labmcp-mettler-toledo 0.1.3", balance, False, ""),
    ("labmcp_ezo", "labmcp-atlas-ezo 0.1.2, pH", lambda: probe("pH"), False, "pH"),
    ("labmcp_ezo", "labmcp-atlas-ezo 0.1.2, EC", lambda: probe("EC"), False, "EC"),
    ("labmcp_ezo", "labmcp-atlas-ezo 0.1.2, DO", lambda: probe("DO"), False, "DO"),
    ("labmcp_ezo", "labmcp-atlas-ezo 0.1.2, RTD", lambda: probe("RTD"), False, "RTD"),
]
"""Function of ``peer.py``, title, emulator, whether on a pseudo-terminal, option."""
WHY = {
    (
        "ika 2.0.3",
        "read_device_name",
    ): "the library turns every answer into a number, also the name",
    ("ika 2.0.3", "read after watchdog_mode_2"): (
        "the library does not read the echo of OUT_WD2@ (RCT digital manual, pages 28 to 30) and "
        "takes it for the answer to its next question"
    ),
}
"""Calls that cannot be right, and why."""


def foreign(case: tuple[str, str, Callable[[], Emulator], bool, str]) -> list[Row]:
    """Run the calls of one library on a fresh emulator."""
    function, title, made, on_pty, option = case
    serving: AbstractContextManager[str] = serve_pty(made()) if on_pty else serve_tcp(made())
    env = dict(os.environ)
    if function == "ika_control":
        env["PYTHONPATH"] = str(make_env.FOLDER / "ika-control")
    with serving as where:
        place = where.removeprefix("socket://")
        done = subprocess.run(
            [str(make_env.PYTHON), "-u", str(PEER), function, place, option],
            capture_output=True,
            text=True,
            timeout=300,
            env=env,
            check=False,
        )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not rows:
        rows = [{"call": "start", "got": done.stderr.strip()[-160:], "right": False}]
    return [{"title": title, **row, "why": WHY.get((title, row["call"]), "")} for row in rows]


def own(name: str) -> list[Row]:
    """Run our driver on labmcp's simulator of ``name``."""
    process = subprocess.Popen(
        [str(make_env.PYTHON), "-u", str(SERVE), name],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        port = int(process.stdout.readline())
        title = f"our driver {name} on labmcp's simulator"
        return [{"title": title, **row, "why": ""} for row in ours.calls(name, port)]
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Measure what is not measured yet, and write the page."""
    make_env.main()
    packages = " ".join((*make_env.PACKAGES, *make_env.BESIDE))
    if "--fresh" in sys.argv:
        KEPT.unlink(missing_ok=True)
    KEPT.parent.mkdir(exist_ok=True)
    lines = KEPT.read_text(encoding="utf-8").splitlines() if KEPT.exists() else []
    kept = {row["title"]: row["rows"] for row in map(json.loads, lines) if row["of"] == packages}
    work: dict[str, Callable[[], list[Row]]] = {
        case[1]: (lambda case=case: foreign(case))  # type: ignore[misc]
        for case in CASES
        if os.name == "posix" or not case[3]
    }
    for name in ours.CHECKS:
        work[f"our driver {name} on labmcp's simulator"] = lambda name=name: own(name)  # type: ignore[misc]
    for title, measure in work.items():
        if title not in kept:
            kept[title] = measure()
            with KEPT.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"of": packages, "title": title, "rows": kept[title]}) + "\n")
        right = sum(row["right"] for row in kept[title])
        print(f"{title}: {right} of {len(kept[title])}", flush=True)
        for row in kept[title]:
            if not row["right"]:
                print(f"    {row['call']} -> {row['got']}  {row['why']}")
    write({title: kept[title] for title in work})


def write(found: dict[str, list[Row]]) -> None:
    """Put the table into the page."""
    table = ["| library | calls right | not right, and why |", "|---|---|---|"]
    for title, rows in found.items():
        right = sum(row["right"] for row in rows)
        wrong = "; ".join(
            f"`{row['call']}`: {row['why'] or row['got']}" for row in rows if not row["right"]
        )
        table.append(f"| {title} | {right} of {len(rows)} | {wrong} |")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n".join(table) + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
