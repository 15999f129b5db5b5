"""The command line in this process, on a lab of one box."""

import csv
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import labloop.cli

with warnings.catch_warnings():
    # What the planner's libraries say of themselves at import is not ours to mend.
    warnings.simplefilter("ignore")
    import labloop.brain.strategies.botorch

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support" / "tiny_lab"

CAMPAIGN = """
from labloop import (
    Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity
)

async def use(lab, x):
    await lab.box.set_level(x.level)
    return {"shown": await lab.box.show()}

campaign = CampaignSpec(
    "tiny", SearchSpace(Continuous("level", 0, 5, unit="mL"), Continuous("ratio", 0, 1)),
    outputs=[Scalar("shown")], objective=Maximize("shown"), procedure=use, lab="lab.toml",
    strategy="random", budget=Budget(experiments=3),
)
"""
LAB = """
[lab]
name = "tiny"
world = "tiny_lab:create"
world_options = {}

[devices.box]
driver = "tiny_lab:Box"
url = "serial://COM1"
serial_number = "B-1"

[devices.box.limits]
"set_level.level" = { min = "0 mL", max = "8 mL" }
"""
BY_HAND = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

campaign = CampaignSpec(
    "hand", SearchSpace(Continuous("heat", 0, 200, unit="degC"), Continuous("ratio", 0, 1)),
    outputs=[Scalar("gain", unit="mL"), Scalar("purity")], objective=Maximize("gain"),
    strategy="random", budget=Budget(experiments=9),
)
"""


class Shell:
    """Types ``labloop ...`` in a folder of its own and keeps what came of it."""

    def __init__(self, folder, capsys, monkeypatch):
        self.folder = folder
        self.support = SUPPORT
        self.campaign = CAMPAIGN
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("LABLOOP_", "PYTEST"))}
        self.env |= {"PYTHONPATH": str(SUPPORT), "OMP_NUM_THREADS": "1"}
        self.env |= {"LABLOOP_STATE": os.environ["LABLOOP_STATE"]}

    def __call__(self, *words):
        """Return (exit code, all that was said) of a verb that is run in this process."""
        self._monkeypatch.setattr(sys, "argv", ["labloop", *(str(w) for w in words)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            labloop.cli.main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    def ok(self, *words):
        """Return what was said by a verb that must succeed."""
        code, said = self(*words)
        assert code == 0, said
        return said

    def refused(self, *words):
        """Return the one sentence with which a verb is refused."""
        code, said = self(*words)
        assert code not in {0, 130}, said
        assert "Traceback" not in said
        return said[said.index("labloop: ") :]

    def start(self, *words, terminal=None, **env):
        """Start ``labloop words`` in a process of its own, on a terminal where one is given."""
        return subprocess.Popen(
            [sys.executable, "-m", "labloop", *(str(w) for w in words)],
            cwd=self.folder,
            env=self.env | env,
            stdin=terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def write(self, name, text):
        """Write a file of the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Hand(Shell):
    """A shell where experiments were asked for by hand; the file to be filled in is next.csv."""

    def table(self):
        """Return header and rows of the file to be filled in."""
        with (self.folder / "next.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        return header, rows

    def told(self, header, rows, *words, delimiter=","):
        """Write a results file, tell it, and return exit code and what was said."""
        with (self.folder / "results.csv").open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file, delimiter=delimiter).writerows([header, *rows])
        return self("tell", "hand", "results.csv", *words)

    def tell(self, header, rows, *words, refused=False, delimiter=","):
        """Write a results file, tell it and return what was said."""
        code, said = self.told(header, rows, *words, delimiter=delimiter)
        assert (code != 0) is refused, said
        return said

    def done(self):
        """Return how many experiments are done, and how many failed."""
        said = self.ok("status", "hand")
        lines = dict(line.split(None, 1) for line in said.splitlines() if " " in line)
        return int(lines["done"]), int(lines["failed"])

    def exported(self):
        """Return the rows of an export, by their heads."""
        self.ok("export", "hand")
        path = self.folder / "export-hand" / "experiments.csv"
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture
def asked(tmp_path, capsys, monkeypatch, shell):
    """Return a shell where three experiments were asked for, and are in ``next.csv``."""
    hand = Hand(tmp_path, capsys, monkeypatch)
    shell.write("hand.py", BY_HAND)
    shell.ok("ask", "hand.py", "-n", "3", "--out", "next.csv")
    return hand


@pytest.fixture
def shell(tmp_path, capsys, monkeypatch):
    """Return a shell in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABLOOP_DB", raising=False)
    monkeypatch.syspath_prepend(str(SUPPORT))
    monkeypatch.setenv("COLUMNS", "200")
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture
def tiny(shell):
    """Return a shell in the folder of the campaign ``tiny``."""
    shell.write("campaign.py", CAMPAIGN)
    shell.write("lab.toml", LAB)
    return shell


@pytest.fixture
def ran(tiny):
    """Return a shell where the campaign ``tiny`` has run."""
    tiny.ok("run", "campaign.py", "--engine", "plain")
    return tiny


class Keyboard(io.StringIO):
    """What a person types at a terminal."""

    def isatty(self):
        """Say that this is a terminal."""
        return True


@pytest.fixture
def keyboard(monkeypatch):
    """Return what lets a person type."""

    def types(text):
        monkeypatch.setattr(sys, "stdin", Keyboard(text))

    return types


@pytest.fixture
def by_hand():
    """Return the text of a campaign that persons carry out."""
    return BY_HAND
