"""``labloop.run(campaign)`` in a notebook or a script: the same campaign, and its results."""

import linecache
import subprocess
import sys

import pytest

import labloop
from labloop.errors import CampaignError, CampaignFileError, LabloopError, NameTakenError
from labloop.store import open_database

CELL = """
from labloop import Budget, CampaignSpec, Categorical, Continuous, Maximize, Scalar, SearchSpace

def measure(x):
    t = x.temperature.magnitude
    if t < 30:
        raise ValueError("frozen")
    return {"yield": 90 - (t - 62) ** 2 / 30}

campaign = CampaignSpec(
    "first",
    SearchSpace(Continuous("temperature", 20, 90, unit="degC"), Categorical("acid", ["a", "<b>"])),
    outputs=[Scalar("yield", unit="%")], objective=Maximize("yield"), procedure=measure,
    strategy="random", budget=Budget(experiments=6),
)
"""


@pytest.fixture
def cell(tmp_path, monkeypatch):
    """Return the names of a notebook's cell, which has no file of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABLOOP_DB", raising=False)
    name = str(tmp_path / "ipykernel_1" / "2.py")
    linecache.cache[name] = (len(CELL), None, CELL.splitlines(keepends=True), name)
    names = {"__name__": "__main__"}
    exec(compile(CELL, name, "exec"), names)  # noqa: S102 - our own cell
    yield names
    del linecache.cache[name]


def test_a_notebook_gets_its_results_as_a_table(cell, capsys, tmp_path):
    """Rows in order with units, the best of them, a DataFrame, and a page that escapes names."""
    found = labloop.run(cell["campaign"])
    assert "ended     finished" in capsys.readouterr().out
    assert [row["experiment"] for row in found] == list(range(1, 7))
    done = [row for row in found if row["state"] == "done"]
    assert found.best == max(done, key=lambda row: row["yield"])
    assert found[0]["yield"] is None or found[0]["yield"] == pytest.approx(
        90 - (found[0]["temperature"] - 62) ** 2 / 30
    )
    frame = found.to_pandas()
    assert list(frame.columns) == ["experiment", "state", "temperature", "acid", "yield"]
    assert frame.attrs["units"]["temperature"] == "degC"
    page = found._repr_html_()
    assert "<svg" in page
    assert "temperature (°C)" in page
    assert "<b>" not in page.replace("<b>first</b>", "")
    assert "temperature (°C)" in repr(found)
    with open_database(tmp_path / "labloop.db", read_only=True) as store:
        (record,) = store.campaigns.all()
        bundle = store.campaigns.bundle(record.id)
        assert bundle.files["measure.py"].decode().startswith("def measure(x):")
        failed = [row for row in store.experiments.all(record.id) if row.reason]
        assert all(row.reason == "ValueError: frozen (2.py line 7)" for row in failed)


def test_the_same_cell_again_says_both_ways_on(cell, capsys):
    """A taken name is refused; resume=True goes on, and new=True begins another."""
    labloop.run(cell["campaign"], experiments=2)
    with pytest.raises(NameTakenError, match=r"resume=True.* or new=True"):
        labloop.run(cell["campaign"])
    assert "go on     labloop.run(campaign, resume=True)" not in capsys.readouterr().out
    assert len(labloop.run(cell["campaign"], resume=True, experiments=3)) == 3
    assert len(labloop.run(cell["campaign"], new=True, experiments=1)) == 1


def test_what_cannot_run_is_told_in_a_sentence(cell, tmp_path):
    """No procedure, files without a folder, no spec, and a failure each have their words."""
    spec = cell["campaign"]
    by_hand = labloop.CampaignSpec("h", spec.space, spec.outputs, spec.objective)
    with pytest.raises(CampaignError, match="has no procedure"):
        labloop.run(by_hand)
    with pytest.raises(CampaignFileError, match="takes a CampaignSpec"):
        labloop.run(3)
    names = {}
    exec("def broken(x):\n    raise OSError('no vial')", names)  # noqa: S102 - our own cell
    broken = labloop.CampaignSpec(
        "b", spec.space, spec.outputs, spec.objective, procedure=names["broken"]
    )
    with pytest.raises(CampaignError, match=r"3 experiments in a row failed.*no vial"):
        labloop.run(broken)
    named = labloop.CampaignSpec(
        "p", spec.space, spec.outputs, spec.objective, procedure=names["broken"], physics="a:B"
    )
    with pytest.raises(CampaignFileError, match="names files"):
        labloop.run(named)
    assert not (tmp_path / "measure.py").exists()


def test_a_script_runs_itself_and_is_kept_as_a_campaign_file(tmp_path, shell):
    """Run as a script it runs; the command line goes on with it, where it does not run itself."""
    guarded = 'if __name__ == "__main__":\n    import labloop\n    labloop.run(campaign)\n'
    shell.write("first.py", CELL + guarded)
    done = subprocess.run(
        [sys.executable, "first.py"],
        cwd=tmp_path,
        env=shell.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = shell.ok("resume", "first", "--engine", "plain", "--experiments", "7")
    assert "ended     finished: the budget of 7 experiments" in said
    shell.write("loose.py", CELL + "import labloop\nlabloop.run(campaign)\n")
    code, said = shell("check", "loose.py")
    assert (code, "put that line under" in said) == (1, True)


def test_without_pandas_a_sentence_says_so(cell, monkeypatch):
    """The rows need no library; a DataFrame does."""
    found = labloop.run(cell["campaign"], experiments=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LabloopError, match="needs pandas"):
        found.to_pandas()
