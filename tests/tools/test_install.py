"""What `make demo` says while it installs, and that nothing of it outlives it."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "install.py"
SPEC = importlib.util.spec_from_file_location("labloop_tool_install", TOOL)
assert SPEC is not None
assert SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

BACKEND = """
import os, pathlib, sys, time

def get_requires_for_build_editable(config_settings=None):
    pathlib.Path("begun.txt").write_text(str(os.getpid()))
    if pathlib.Path("broken.txt").exists():
        sys.exit("the build is broken")
    time.sleep(600)

def build_editable(folder, config_settings=None, metadata_directory=None):
    raise NotImplementedError

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise NotImplementedError
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "x"
version = "1"
"""


def test_how_far_it_is_follows_from_what_pip_says():
    """First what is needed, then what is fetched of about how many, then what is installed."""
    installed = [4]
    course = tool.Course(lambda: installed[0], 30)
    assert course.words == "finding out what is needed: 0 packages so far"
    course.read("Collecting torch==2.13.0 (from -c constraints.txt (line 6))\n")
    course.read("  Downloading torch-2.13.0.whl.metadata (28 kB)\n")
    assert course.words == "finding out what is needed: 1 packages so far"
    course.read("Downloading https://host/torch-2.13.0%2Bcpu-cp311.whl (178.0 MB)\n")
    assert course.words == "fetching: 1 of about 30 packages (torch, 178.0 MB)"
    course.read("Using cached numpy-2.4.6-cp311.whl\n")
    assert course.words == "fetching: 2 of about 30 packages (numpy)"
    course.read("Installing collected packages: a, b, c\n")
    installed[0] = 6
    assert course.words == "installing: 2 of 3 packages"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a project whose build takes for ever, and the python that is to install it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "constraints.txt").write_text("")
    venv.create(folder / "env", with_pip=True)
    return folder, next((folder / "env").glob("[bS]*/python*"))


def installing(project):
    """Start an installation and return its process, once it builds, with the build's pid."""
    folder, python = project
    (folder / "begun.txt").unlink(missing_ok=True)
    call = f"from pathlib import Path; import install; install.install(Path({str(python)!r}), "
    call += f"Path({str(folder / 'env')!r}), Path({str(folder)!r}), 'all', 1)"
    process = subprocess.Popen(
        [sys.executable, "-c", call],
        cwd=TOOL.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 60
    while not (folder / "begun.txt").exists() or not (folder / "begun.txt").read_text():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)
    return process, int((folder / "begun.txt").read_text())


@pytest.mark.skipif(os.name != "posix", reason="process groups and SIGKILL")
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_killed_installation_leaves_nothing_running(project, number):
    """What pip is and what it started end with whoever started them, however that ends."""
    process, build = installing(project)
    process.send_signal(getattr(signal, number))
    process.communicate(timeout=20)
    until = time.monotonic() + 20
    while True:
        try:
            os.kill(build, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{build}/stat").exists() and _zombie(build):
            break
        assert time.monotonic() < until
        time.sleep(0.05)


def _zombie(pid):
    """Return whether a process has ended and only nobody has asked how."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_what_pip_said_last_is_shown_where_it_fails(project):
    """An installation that fails ends with a sentence below pip's own words."""
    (project[0] / "broken.txt").touch()
    process, _ = installing(project)
    said, _ = process.communicate(timeout=60)
    (project[0] / "broken.txt").unlink()
    assert process.returncode == 1
    assert "the build is broken" in said
    assert "pip could not install labloop" in said
    assert "finding out what is needed" in said
