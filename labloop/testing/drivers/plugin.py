"""The contract of drivers as a plug-in of pytest.

In the ``conftest.py`` at the root of a driver's tests::

    pytest_plugins = ["labloop.testing.drivers.plugin"]

Then a test that is marked with cases asks for ``driver_check`` and runs once for each check of
the contract and each case; ``driver_bench`` is an open lab with the device of the case::

    @pytest.mark.driver(CASE)
    def test_contract(driver_check):
        driver_check()

    @pytest.mark.driver(CASE)
    def test_speed(driver_bench):
        assert driver_bench.read("speed").value == 0

It is named and not found by an entry point: pytest loads those in every run of an environment,
also where nobody tests a driver, and rewrites the assertions of all that came with them.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from labloop.lab import find_driver
from labloop.testing.drivers._case import Bench, DriverCase
from labloop.testing.drivers._checks import driver_checks


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "driver(*cases): the DriverCases for the fixtures driver_check and driver_bench"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each check and case, or once for each case."""
    if "driver_check" in metafunc.fixturenames:
        pairs = [
            pytest.param((check, case), id=f"{check.name}-{_title(case)}")
            for case in _cases(metafunc)
            for check in driver_checks(wire=not find_driver(case.driver).schemes)
        ]
        metafunc.parametrize("driver_check", pairs, indirect=True)
    elif "driver_bench" in metafunc.fixturenames:
        cases = [pytest.param(case, id=_title(case)) for case in _cases(metafunc)]
        metafunc.parametrize("driver_bench", cases, indirect=True)


@pytest.fixture
def driver_check(request: Any) -> Callable[[], None]:
    """One check of the contract, to be called; skipped where the case says too little for it."""
    check, case = request.param
    missing: str = check.missing(case)
    if missing:
        pytest.skip(missing)
    return partial(check, case)


@pytest.fixture
def driver_bench(request: Any) -> Iterator[Bench]:
    """An open lab with the device of the case, see :class:`labloop.testing.drivers.Bench`."""
    with Bench(request.param) as bench:
        yield bench


def _cases(metafunc: pytest.Metafunc) -> list[DriverCase]:
    cases = [case for mark in metafunc.definition.iter_markers("driver") for case in mark.args]
    if not cases or not all(isinstance(case, DriverCase) for case in cases):
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid} needs the mark driver with DriverCases, as "
            f"@pytest.mark.driver(CASE); got {cases!r}"
        )
    return cases


def _title(case: DriverCase) -> str:
    return f"{case.driver} {case.title}".strip().replace(" ", "_")
