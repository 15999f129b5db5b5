"""Promise: a campaign goes on when its computer starts again, by the very command of its unit."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.durability import doser
from labloop.campaign import keep_standing_yes, load_campaign
from labloop.cli.running.service import start_command, unit_path, unit_text
from labloop.errors import CampaignError
from labloop.records import CampaignState, ExperimentState, Mode
from labloop.store import open_database
from labloop_simulators.kit import serve_world

ROOT = Path(__file__).resolve().parents[3]
CAMPAIGN = """
import time
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

def measure(x):
    time.sleep(0.2)
    return {"y": x.x}

campaign = CampaignSpec(
    "kept on", SearchSpace(Continuous("x", 0, 1)), outputs=[Scalar("y")], objective=Maximize("y"),
    procedure=measure, strategy="random", budget=Budget(experiments=8),
)
""".replace("kept on", "kept-on")


def command_of(text):
    """Return the words of ExecStart, as systemd reads them."""
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    return [w.replace("%%", "%").replace("$$", "$") for w in shlex.split(line[10:])]


def rows(database):
    if not database.exists():
        return []
    with open_database(database, read_only=True) as repositories:
        record = repositories.campaigns.find("kept-on", Mode.REAL)
        return repositories.experiments.all(record.id) if record else []


def test_the_command_of_the_unit_goes_on_after_a_shutdown(tmp_path):
    """SIGTERM, as at a shutdown; the same command ends what is left, and then has nothing to do."""
    folder = tmp_path / "a 100% lab"
    folder.mkdir()
    file, database = folder / "campaign.py", folder / "kept $on.db"
    file.write_text(CAMPAIGN)
    words = start_command(file, str(database), engine="plain", unattended="stop", speed="max")
    command = command_of(unit_text("kept-on", words, folder))
    assert command == words
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment, cwd=folder)
    until = time.monotonic() + 60
    while sum(r.state is ExperimentState.DONE for r in rows(database)) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 130
    again = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, cwd=folder
    )
    assert again.returncode == 0, again.stderr
    with open_database(database, read_only=True) as repositories:
        record = repositories.campaigns.find("kept-on", Mode.REAL)
        assert record.state is CampaignState.FINISHED
        done = repositories.experiments.all(record.id, {ExperimentState.DONE})
        assert len(done) == 8
    third = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, cwd=folder
    )
    assert third.returncode == 0
    assert "nothing to do: kept-on is finished" in third.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_finds_no_mistake_in_the_unit(tmp_path):
    """``systemd-analyze verify`` says nothing, also of paths with blanks and percent signs."""
    folder = tmp_path / "a 100% lab"
    folder.mkdir()
    words = start_command(
        folder / "c.py", "postgresql://lab/x", engine="plain", unattended="hold", speed="max"
    )
    unit = tmp_path / "labloop-c.service"
    unit.write_text(unit_text("c", words, folder))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(unit)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    told = [line for line in done.stderr.splitlines() if "labloop-c" in line]
    assert told == []


def test_a_unit_lies_where_systemd_looks(monkeypatch, tmp_path):
    """In the folder of the user's own units."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert unit_path("dye") == tmp_path / "systemd" / "user" / "labloop-dye.service"


def test_a_path_that_no_unit_can_have_is_refused():
    """It would end the line."""
    with pytest.raises(CampaignError, match="line break"):
        unit_text("c", ["python", "a\nb"], Path("/"))


def test_a_standing_yes_starts_real_instruments_until_a_file_changes(tmp_path, monkeypatch):
    """The unit's own command, without a terminal; nothing is sent where nobody said yes to this."""
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "state"))
    state = {"LABLOOP_STATE": str(tmp_path / "state"), "LABLOOP_LOCKS": str(tmp_path / "locks")}
    env = {**os.environ, **state, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with serve_world({"doser": doser.DoserEmulator(tmp_path)}) as urls:
        file = doser.write_campaign(tmp_path, urls["doser"], seed=1, experiments=2)
        database = tmp_path / "labloop.db"
        words = start_command(
            file, str(database), engine="plain", unattended="stop", speed="max", real=True
        )

        def start():
            return subprocess.run(
                words, env=env, cwd=tmp_path, capture_output=True, text=True, check=False
            )

        assert "nobody has said that 'kills' may move real" in start().stderr
        assert not (tmp_path / "truth.txt").exists()
        kept = keep_standing_yes(load_campaign(file).bundle, "ada")
        assert kept.stat().st_mode & 0o077 == 0
        done = start()
        assert done.returncode == 0, done.stderr
        assert "by the standing yes of ada, " in done.stdout
        assert sum(doser.carried_out(tmp_path).values()) == 6
        lab = tmp_path / "lab.toml"
        lab.write_text(lab.read_text().replace('max = "100 mL"', 'max = "99 mL"', 1))
        refused = start()
        assert refused.returncode == 1
        assert "campaign.py, lab.toml are not what they were then; nothing was sent" in " ".join(
            refused.stderr.split()
        )
        assert sum(doser.carried_out(tmp_path).values()) == 6


def test_the_yes_is_typed_at_a_terminal_when_the_unit_is_written(tmp_path):
    """No pipe can say it, and a unit that is only printed keeps none."""
    doser.write_campaign(tmp_path, "socket://127.0.0.1:1", seed=1, experiments=2)
    env = {**os.environ, "LABLOOP_STATE": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path)}
    env |= {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "labloop", "service", "campaign.py", "--real"]
    for more, sentence in (([], "add --write"), (["--write"], "and this is no terminal")):
        done = subprocess.run(
            words + more,
            env=env,
            cwd=tmp_path,
            input="kills\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert sentence in " ".join(done.stderr.split())
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "systemd").exists()
