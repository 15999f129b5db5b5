"""Without extras every verb ends in one sentence with the line that installs what lacks."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [ROOT, ROOT / "adapters", ROOT / "devices", ROOT / "simulators", ROOT / "workflows"]
_NAME = re.compile(r"[\w.-]+")


def base():
    """Return the distributions that the base installation needs, and nothing of the extras."""
    found, wanted = {}, ["labloop-sdl"]
    while wanted:
        name = wanted.pop()
        try:
            made = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of another platform or Python
        if made.name in found:
            continue
        found[made.name] = made
        wanted += [_NAME.match(r)[0] for r in made.requires or () if "extra ==" not in r]
    return found.values()


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """Return what runs labloop where only the base is installed."""
    site = tmp_path_factory.mktemp("site")
    for made in base():
        for top in {Path(str(f)).parts[0] for f in made.files or ()} - {"..", "__pycache__"}:
            target = site / top
            if not target.exists():
                target.symlink_to(Path(str(made.locate_file(top))).resolve())
    program = (
        f"import sys; sys.path[:0] = {[str(p) for p in (*PARTS, site)]!r}; "
        "from labloop.cli import main; main()"
    )

    def run(folder, *words):
        done = subprocess.run(
            [sys.executable, "-S", "-c", program, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_help_and_doctor_work_in_the_base(bare, tmp_path):
    """The first thing that a person types must never fail."""
    code, said = bare(tmp_path, "--help")
    assert code == 0, said
    assert "bench" in said
    code, said = bare(tmp_path, "doctor")
    assert code == 0, said
    for extra in ("store", "brain", "workflows", "report"):
        assert f'".[{extra}]"' in said


CAMPAIGN = "examples/flow_snar/campaign.py"


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("run", CAMPAIGN, "--engine", "plain"), "brain|store"),
        (("run", CAMPAIGN), "workflows"),
        (("resume", "snar", "--engine", "plain"), "store"),
        (("campaigns",), "store"),
        (("report", "snar"), "store"),
        (("export", "snar"), "store"),
        (("command", "snar", "stop"), "store"),
        (("ask", "snar"), "store"),
        (("tell", "snar", "x.csv"), "store"),
        (("reanalyse", "snar"), "store"),
        (("bench",), "brain"),
        (("ui",), "workflows"),
    ],
)
def test_each_verb_names_the_extra_that_it_lacks(bare, tmp_path, words, extra):
    """One sentence with the install line, no traceback."""
    given = [str(ROOT / w) if w == CAMPAIGN else w for w in words]
    code, said = bare(tmp_path, *given)
    assert code == 1, said
    assert "Traceback" not in said
    assert any(f'".[{name}]"' in said for name in extra.split("|")), said
    # On a slow machine what goes on meanwhile is told as well, a line a second.
    told = [line for line in said.strip().splitlines() if not re.fullmatch(r".+: \d+ s", line)]
    assert len(told) == 1, said
