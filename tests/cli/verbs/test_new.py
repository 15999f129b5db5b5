"""``labloop new`` writes what can be checked and run as it stands."""

import importlib.metadata
import subprocess
import sys
import tomllib

import pytest


@pytest.mark.parametrize(("kind", "file"), [("function", "mine.py"), ("lab", "mine/campaign.py")])
def test_what_is_written_runs(shell, kind, file):
    """A function and a lab are complete campaigns of the name that was asked for."""
    said = shell.ok("new", "mine", "--by", kind)
    assert f"labloop run {file}" in said
    assert "problem" not in shell.ok("check", file)
    said = shell.ok("run", file, "--engine", "plain", "--experiments", "2")
    assert "campaign  mine (" in said
    assert "exists" in shell.refused("new", "mine", "--by", kind)


def test_by_hand_is_asked_for(shell):
    """Without anything to call a person is asked."""
    assert "labloop ask mine.py" in shell.ok("new", "mine", "--by", "hand")
    assert "2 experiments to carry out" in shell.ok("ask", "mine.py", "-n", "2")


def test_a_name_that_is_none_writes_nothing(shell):
    """It is told what a name is made of."""
    assert "letters, digits" in shell.refused("new", "../mine")
    assert not list(shell.folder.iterdir())


@pytest.fixture
def driver(shell):
    """Return a shell in which a driver was written."""
    shell.said = shell.ok("new", "driver", "acme_s1")
    return shell


def test_the_tests_of_a_new_driver_pass_at_once(driver):
    """The whole contract of a driver, with nothing installed."""
    assert "pip install -e ." in driver.said
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=driver.folder / "acme_s1",
        env=driver.env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


def test_a_new_driver_is_met_at_once(driver):
    """Its lab file opens it in simulation, with its limit."""
    lab = driver.folder / "acme_s1" / "lab.toml"
    assert "acme_s1.speed = 0 rpm" in driver.ok("devices", "read", lab, "acme_s1")
    words = ("devices", "run", lab, "acme_s1", "set_speed")
    assert "acme_s1.speed = 596 rpm" in driver.ok(*words, "speed=600 rpm", "--hold", "10 s")
    assert "1000 rpm; nothing was sent" in driver.refused(*words, "speed=1100 rpm")


def test_a_new_driver_is_named_under_entry_points_that_load(driver, monkeypatch):
    """Driver, case, emulator and world, in the groups that labloop looks into."""
    folder = driver.folder / "acme_s1"
    monkeypatch.syspath_prepend(str(folder))
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    loaded = {
        group: importlib.metadata.EntryPoint("x", *table.values(), group).load()
        for group, table in project["entry-points"].items()
    }
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_s1"]:
        del sys.modules[name]
    case = loaded.pop("labloop.cases")
    assert (case.driver, case.device) == ("acme_s1:AcmeS1", "acme_s1")
    assert {group: each.__name__ for group, each in loaded.items()} == {
        "labloop.drivers": "AcmeS1",
        "labloop.emulators": "AcmeS1Emulator",
        "labloop.worlds": "create",
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("driver",), "labloop new driver NAME writes a driver"),
        (("driver", "a", "b"), "labloop new driver NAME writes a driver"),
        (("mine", "other"), "got 2 names: mine other"),
        (("driver", "acme_s1", "--by", "lab"), "--by is for campaigns"),
        (("driver", "Acme-S1"), "small letters, digits and _"),
        (("driver", "ika"), "a driver 'ika' is installed already"),
        (("driver", "json"), "such as acme_json"),
        (("driver", "device"), "such as acme_device"),
        (("driver", "class"), "such as acme_class"),
    ],
)
def test_what_is_no_driver_and_no_campaign_writes_nothing(shell, words, sentence):
    """Which of the two was meant, and how it may be called, is told in a sentence."""
    assert sentence in shell.refused("new", *words)
    assert not list(shell.folder.iterdir())


def test_a_folder_that_exists_is_kept(driver):
    """A second driver of that name is refused."""
    assert "acme_s1 exists" in driver.refused("new", "driver", "acme_s1")
