"""Promise: the contract is a plug-in of pytest: a mark, a check each, an open lab."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CONFTEST = 'pytest_plugins = ["labloop.testing.drivers.plugin"]\n'
TESTS = """
import kit_toys
import pytest
from labloop.testing.drivers import DriverCase
from labloop.units import quantity

CASE = DriverCase(
    "kit_toys:Heater", kit_toys.World, "heater",
    lambda heater: heater.set_temperature(quantity(40, "degC")),
)

@pytest.mark.driver(CASE)
def test_contract(driver_check):
    driver_check()

@pytest.mark.driver(CASE)
def test_bench(driver_bench):
    assert driver_bench.read("temperature").value == 20
"""


def run(folder, *words):
    """Return what pytest says of the tests in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers"]
    return subprocess.run(
        [*command, "--rootdir", str(folder), str(folder), *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_line_in_conftest_is_enough(tmp_path):
    """Promise: a test a check, named after it; what the case leaves open is skipped, and told."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_heater.py").write_text(TESTS, encoding="utf-8")
    done = run(tmp_path, "-v", "-rs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_contract[survives_noise-kit_toys:Heater] PASSED" in done.stdout
    assert "test_bench[kit_toys:Heater] PASSED" in done.stdout
    assert "nothing to compare with; say values= in the DriverCase" in done.stdout


def test_a_test_without_its_mark_is_told(tmp_path):
    """Promise: one sentence, with the line to write."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    text = "def test_contract(driver_check):\n    driver_check()\n"
    (tmp_path / "test_heater.py").write_text(text, encoding="utf-8")
    done = run(tmp_path)
    assert done.returncode != 0
    assert "needs the mark driver with DriverCases, as @pytest.mark.driver(CASE)" in done.stdout


def test_the_mark_is_explained(tmp_path):
    """Promise: ``pytest --markers`` and ``--fixtures`` say what there is."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    assert "@pytest.mark.driver(*cases): the DriverCases" in run(tmp_path, "--markers").stdout
    assert "driver_bench" in run(tmp_path, "--fixtures").stdout
