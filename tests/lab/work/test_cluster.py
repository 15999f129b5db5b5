"""A job of a cluster, by submitit on this machine: results, ends, and found again by its id."""

import os
import time
from pathlib import Path

import pytest

from labloop import ClusterJob, progress
from labloop.errors import (
    DefinitionError,
    ExperimentCancelled,
    UncertainError,
    WorkError,
    WorkTimeoutError,
)
from labloop.lab import StopFlag, WorkCall


def measure(x):
    print("measuring", x)  # noqa: T201 - a user's function prints
    progress(0.5, "half")
    return {"out": 2 * x}


def fails(x):
    raise ValueError(f"no sample at {x}")


def leaves(x):
    os._exit(3)


def hangs(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def counts(path):
    with Path(path).open("a") as file:
        file.write("x")
    time.sleep(1)
    return {"out": 1.0}


def job(func, tmp_path, **options):
    """Return a job on this machine."""
    return ClusterJob(func, cluster="local", folder=str(tmp_path / "jobs"), **options)


def test_a_job_gives_results_and_its_log(bench, tmp_path):
    """What the function returned, printed and told of its progress."""
    assert bench.run(job(measure, tmp_path), 2.0) == {"out": 4.0}
    assert "measuring 2.0" in bench.told["log"]
    assert bench.told["progress"][0][1:] == [0.5, "half"]
    assert bench.told["job"].isdigit()


def test_what_a_job_raises_is_told_with_its_line(bench, tmp_path):
    """As in a process of this machine."""
    with pytest.raises(WorkError, match=r"ValueError: no sample at 3 \(test_cluster.py line"):
        bench.run(job(fails, tmp_path), 3)


def test_a_job_that_dies_is_a_failure(bench, tmp_path, monkeypatch):
    """A job that ends without a result is told, with what the scheduler says."""
    monkeypatch.setattr("labloop.lab.work.cluster._GRACE_SECONDS", 0.5)
    with pytest.raises(WorkError, match=r"leaves: its job \d+ ended .* before it returned"):
        bench.run(job(leaves, tmp_path), 3)


def test_a_time_out_and_a_stop_cancel_a_job(bench, tmp_path, alive, until):
    """The job's process has ended afterwards."""
    path = tmp_path / "pid"
    with pytest.raises(WorkTimeoutError, match=r"its job \d+ was cancelled"):
        bench.run(job(hangs, tmp_path, timeout=6), str(path))
    until(lambda: not alive(int(path.read_text())))
    other = tmp_path / "other"
    bench.stop_soon(other.exists)
    with pytest.raises(ExperimentCancelled, match="enough"):
        bench.run(job(hangs, tmp_path), str(other))
    until(lambda: not alive(int(other.read_text())))


SUBMITTED = []
"""Jobs whose handle would belong to a process that was killed."""


def submitted(work, tmp_path, path):
    """Submit a job and forget it, as a process does that is killed then."""
    stop = StopFlag()
    call = WorkCall((str(path),), tmp_path, "c-0001-w001", stop)
    call.place = work.make_place(call.name)

    class KilledError(Exception):
        pass

    def killed(self, call, job):
        SUBMITTED.append(job)
        raise KilledError

    follow, type(work)._follow = type(work)._follow, killed
    try:
        with pytest.raises(KilledError):
            work.carry_out(call)
    finally:
        type(work)._follow = follow
    return call


def test_a_job_is_found_again_by_its_id(tmp_path, until):
    """Its result is read by who comes later; nothing is submitted twice."""
    path = tmp_path / "count"
    work = job(counts, tmp_path)
    call = submitted(work, tmp_path, path)
    again = WorkCall(call.args, tmp_path, call.name, StopFlag(), place=call.place)
    assert work.take_up(again) == {"out": 1.0}
    assert path.read_text() == "x"
    until(SUBMITTED.pop().done)


def test_what_was_certainly_not_submitted_is_submitted(tmp_path):
    """Where the process died before that, the job is submitted now."""
    path = tmp_path / "count"
    work = job(counts, tmp_path)
    call = WorkCall((str(path),), tmp_path, "c-0001-w001", StopFlag())
    call.place = work.make_place(call.name)
    assert work.take_up(call) == {"out": 1.0}
    assert path.read_text() == "x"


def test_a_submission_of_which_nothing_is_known_is_a_question(tmp_path):
    """Where the process died while it submitted, a person looks into the queue."""
    work = job(counts, tmp_path)
    call = WorkCall(("x",), tmp_path, "c-0001-w001", StopFlag())
    call.place = work.make_place(call.name)
    (call.place / "submitit").mkdir()
    (call.place / "submitit" / "abc.pkl").write_bytes(b"")
    with pytest.raises(UncertainError, match="look in the cluster's queue"):
        work.take_up(call)


def test_the_campaigns_files_go_with_the_job(bench, tmp_path):
    """A machine that does not see the campaign's folder has them beside the call."""
    source = "import helper\ndef measure(x):\n    return {'out': helper.FACTOR * x}\n"
    (bench.folder / "rig.py").write_text(source)
    (bench.folder / "helper.py").write_text("FACTOR = 5\n")
    code = {name: (bench.folder / name).read_bytes() for name in ("rig.py", "helper.py")}
    import importlib.util
    import sys

    sys.path.insert(0, str(bench.folder))
    spec = importlib.util.spec_from_file_location("labloop_campaign_rig", bench.folder / "rig.py")
    module = sys.modules["labloop_campaign_rig"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(bench.folder))
    work = job(module.measure, tmp_path)
    call = WorkCall((2.0,), bench.folder, "c-0001-w001", StopFlag(), code=code)
    call.place = work.make_place(call.name)
    try:
        assert work.carry_out(call) == {"out": 10.0}
    finally:
        del sys.modules["labloop_campaign_rig"], sys.modules["helper"]
    assert (call.place / "code" / "helper.py").is_file()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ClusterJob(3), "needs a function, got 3"),
        (lambda: ClusterJob(measure, parameters=3), "must be a mapping"),
    ],
)
def test_bad_input_is_one_sentence(make, words):
    """It says what was asked, what came and what to do."""
    with pytest.raises(DefinitionError, match=words):
        make()


def test_a_cluster_that_is_not_there_is_told(bench, tmp_path):
    """By submitit's own words, before anything is submitted."""
    work = ClusterJob(measure, cluster="nowhere", folder=str(tmp_path))
    with pytest.raises(WorkError, match="submitit cannot submit measure to 'nowhere'"):
        bench.run(work, 1.0)
