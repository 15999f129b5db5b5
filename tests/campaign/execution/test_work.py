"""Campaigns of functions in processes, commands and cluster jobs, also killed in the middle."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from labloop.campaign import Campaign, load_campaign
from labloop.errors import CampaignFileError
from labloop.lab import is_attempt, log_of
from labloop.records import ActionState, CampaignState, ExperimentState, Mode
from labloop.store import open_database

HEAD = """
import ctypes, json, os, sys, threading, time
from pathlib import Path
from labloop import (
    Budget, CampaignSpec, ClusterJob, Command, Continuous, FailurePolicy, Function, Maximize,
    Retry, Scalar, SearchSpace, progress
)
HERE = Path(WHERE)

def measure(x):
    with (HERE / "begun").open("a") as file:
        file.write("x")
    progress(0.25, "heating")
    print("heating")
    (HERE / "pid").write_text(str(os.getpid()))
    while (HERE / "wait").exists():
        time.sleep(0.05)
    return {"gain": 90 - (x.heat.magnitude - 62) ** 2 / 30}

def crash_at_first(x):
    if not (HERE / "begun").exists():
        (HERE / "begun").touch()
        ctypes.string_at(0)
    return {"gain": x.heat.magnitude}

"""
TAIL = """
campaign = CampaignSpec(
    "work", SearchSpace(Continuous("heat", 20, 90, unit="degC")),
    outputs=[Scalar("gain", unit="%")], objective=Maximize("gain"), procedure=PROCEDURE,
    seed=3, strategy="random", OPTIONS
)
"""
PROGRAM = """
import json, os, sys, time
from pathlib import Path
here = Path(sys.argv[1])
with (here / "begun").open("a") as file:
    file.write("x")
print("heating", flush=True)
(here / "pid").write_text(str(os.getpid()))
while (here / "wait").exists():
    time.sleep(0.05)
print(json.dumps({"gain": float(sys.argv[2])}))
"""
KINDS = {
    "thread": "Function(measure)",
    "process": "Function(measure, process=True)",
    "repeatable": "Function(measure, process=True, repeatable=True)",
    "command": 'Command(["python", "sim.py", str(HERE), "{heat}"])',
    "cluster": 'ClusterJob(measure, cluster="local", folder=str(HERE / "jobs"))',
}


def write(folder, procedure, options="budget=Budget(experiments=2)"):
    """Write a campaign with its program into a folder, and return its path."""
    (folder / "sim.py").write_text(PROGRAM)
    path = folder / "work.py"
    text = HEAD.replace("WHERE", repr(str(folder))) + TAIL
    path.write_text(text.replace("PROCEDURE", procedure).replace("OPTIONS", options))
    return path


def create(repositories, path):
    """Store a campaign that was written to a file."""
    return Campaign.create(repositories, load_campaign(path), actor="me")


def attempts(repositories, record):
    """Return the attempts of a campaign."""
    return [e for e in repositories.journal.entries(record.id) if is_attempt(e)]


def wait_until(met, seconds=60):
    """Wait until something is so, and return it."""
    until = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def is_alive(pid):
    """Return whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_carries_a_campaign_out(repositories, tmp_path, kind):
    """States, outputs, raw data, log and progress are kept, whatever carries it out."""
    campaign = create(repositories, write(tmp_path, KINDS[kind]))
    record = campaign.run()
    assert record.state is CampaignState.FINISHED, record.reason
    rows = repositories.experiments.all(record.id)
    assert [row.state for row in rows] == [ExperimentState.DONE] * 2
    for entry in attempts(repositories, record):
        assert entry.state is ActionState.DONE
        assert "heating" in log_of(entry)["log"]
        if kind != "command":
            assert log_of(entry)["progress"][0][1:] == [0.25, "heating"]


def test_a_crash_is_one_failed_experiment(repositories, tmp_path):
    """A process that dies of a wrong address fails its experiment, and the campaign goes on."""
    path = write(tmp_path, "Function(crash_at_first, process=True)")
    record = create(repositories, path).run()
    rows = repositories.experiments.all(record.id)
    assert [row.state for row in rows] == [ExperimentState.FAILED, ExperimentState.DONE]
    assert "crash_at_first was ended by SIGSEGV" in rows[0].reason


def test_what_is_repeatable_is_retried_within_its_experiment(repositories, tmp_path):
    """The crash is an attempt that failed, the experiment is done."""
    work = "Function(crash_at_first, process=True, repeatable=True, retry=Retry(times=1, wait=0))"
    record = create(repositories, write(tmp_path, work, "budget=Budget(experiments=1)")).run()
    (row,) = repositories.experiments.all(record.id)
    assert row.state is ExperimentState.DONE
    states = [entry.state for entry in attempts(repositories, record)]
    assert states == [ActionState.FAILED, ActionState.DONE]


HANGS = """
def hangs(x):
    if not GONE.exists():
        GONE.touch()
        LET.wait(20)
    return {"gain": 1.0}
GONE, LET = HERE / "begun", threading.Event()
"""


def test_a_place_is_not_used_behind_the_back_of_what_runs_in_it(repositories, tmp_path):
    """After its time-out a thread keeps its place; the next experiment begins when it is free."""
    options = "budget=Budget(experiments=2), failures=FailurePolicy(on_uncertain='continue')"
    path = write(tmp_path, "Function(hangs, timeout=0.2)", options)
    path.write_text(path.read_text().replace("\ncampaign =", HANGS + "\ncampaign ="))
    campaign = create(repositories, path)
    thread = threading.Thread(target=campaign.run)
    thread.start()
    told = {"experiment 1": "still runs after its time-out, and keeps its place"}
    wait_until(lambda: campaign.activity() == told)
    time.sleep(0.5)
    states = [row.state for row in repositories.experiments.all(campaign.record.id)]
    assert states == [ExperimentState.UNCERTAIN, ExperimentState.PLANNED]
    campaign.definition.spec.procedure.func.__globals__["LET"].set()
    done = [ExperimentState.UNCERTAIN, ExperimentState.DONE]
    wait_until(lambda: [r.state for r in repositories.experiments.all(campaign.record.id)] == done)
    # It waits for somebody who says what became of the first one.
    campaign.stop("seen")
    thread.join(30)
    assert not thread.is_alive()


def run_and_kill(path, db):
    """Run a campaign in a process of its own, and kill it in the middle of the first experiment."""
    (path.parent / "wait").touch()
    code = (
        "import sys; from labloop.campaign import Campaign, load_campaign\n"
        "from labloop.store import open_database\n"
        "with open_database(sys.argv[2]) as r:\n"
        "    Campaign.create(r, load_campaign(sys.argv[1]), actor='me').run()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path), str(db)])
    try:
        wait_until(lambda: (path.parent / "pid").exists() or process.poll() is not None)
        time.sleep(0.3)
    finally:
        process.kill()
        process.wait()
    assert (path.parent / "begun").read_text() == "x"
    return int((path.parent / "pid").read_text())


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a signal")
@pytest.mark.parametrize("kind", list(KINDS))
def test_kill_9_in_the_middle_is_resolved_by_the_next_start(tmp_path, kind):
    """What died with the process is asked about or done again; a job is found and read."""
    path, db = write(tmp_path, KINDS[kind], "budget=Budget(experiments=1)"), tmp_path / "x.db"
    pid = run_and_kill(path, db)
    if kind == "cluster":
        assert is_alive(pid)
    else:
        wait_until(lambda: not is_alive(pid))
    (tmp_path / "wait").unlink()
    with open_database(db) as repositories:
        campaign = Campaign.resume(repositories, "work", mode=Mode.REAL, actor="me")
        (row,) = repositories.experiments.all(campaign.record.id)
        assert row.state is ExperimentState.RUNNING
        if kind in {"thread", "process", "command"}:
            thread = threading.Thread(target=campaign.run)
            thread.start()
            wait_until(lambda: "what became of experiment 1" in campaign.snapshot().question)
            campaign.stop("asked")
            thread.join(30)
            (row,) = repositories.experiments.all(campaign.record.id)
            assert row.state is ExperimentState.UNCERTAIN
            assert "the process ended in the middle of it" in row.reason
            wanted, times = [ActionState.UNCERTAIN], "x"
        else:
            record = campaign.run()
            assert record.state is CampaignState.FINISHED, record.reason
            (row,) = repositories.experiments.all(record.id)
            assert row.state is ExperimentState.DONE
            again = kind == "repeatable"
            wanted = [ActionState.FAILED, ActionState.DONE] if again else [ActionState.DONE]
            times = "xx" if again else "x"
        found = attempts(repositories, campaign.record)
        assert [entry.state for entry in found] == wanted
        if kind in {"process", "command", "cluster"}:
            assert "heating" in log_of(found[0])["log"]
        assert (tmp_path / "begun").read_text() == times
    assert not is_alive(pid)


def test_a_stop_ends_a_process_and_abandons_its_experiment(repositories, tmp_path):
    """Nothing of it runs on, and what had not begun is not begun."""
    (tmp_path / "wait").touch()
    campaign = create(repositories, write(tmp_path, KINDS["process"]))
    thread = threading.Thread(target=campaign.run)
    thread.start()
    wait_until((tmp_path / "pid").exists)
    wait_until(lambda: campaign.activity() == {"experiment 1": "25 % heating"})
    campaign.stop("enough")
    thread.join(30)
    (row,) = repositories.experiments.all(campaign.record.id)
    assert (row.state, row.reason) == (ExperimentState.ABANDONED, "enough")
    assert not is_alive(int((tmp_path / "pid").read_text()))
    assert campaign.record.state is CampaignState.STOPPED


@pytest.mark.parametrize(
    ("procedure", "words"),
    [
        ('Command(["sim", "--t={cold}"])', "placeholder {cold}, which is no parameter"),
        ("Function(lambda: 1)", "must take one argument, the conditions"),
        ('Command(["sim"]), lab="lab.toml"', "carries experiments out without a lab"),
    ],
)
def test_work_that_does_not_fit_is_refused_when_it_is_declared(tmp_path, procedure, words):
    """One sentence, before anything is stored."""
    with pytest.raises(CampaignFileError, match=words.replace("{", r"\{")):
        load_campaign(write(tmp_path, procedure))


def test_the_program_is_kept_with_the_campaign(tmp_path):
    """A command's script is in the bundle, and so is a notebook that the code names."""
    definition = load_campaign(write(tmp_path, 'Command(["python", "sim.py", "{heat}"])'))
    assert set(definition.bundle.files) == {"sim.py", "work.py"}
    assert definition.bundle.spec["work"]["argv"] == ["python", "sim.py", "{heat}"]
