"""Promise: every driver that ships keeps the contract that labloop asks of anybody's."""

import pytest

from labloop.lab import installed
from labloop_simulators.cases import SHIPPED


@pytest.mark.driver(*SHIPPED)
def test_every_driver_keeps_the_contract(driver_check):
    driver_check()


def test_every_shipped_driver_has_a_case():
    """Promise: a driver that is added is held to the contract."""
    shipped = [n for n, p in installed("labloop.drivers").items() if "labloop_devices" in p.value]
    assert sorted(shipped) == sorted({case.driver for case in SHIPPED})


def test_every_case_says_what_the_manual_says():
    """Promise: wrong units and lost errors would be seen, for each driver."""
    silent = [f"{c.driver} {c.title}" for c in SHIPPED if not (c.values or c.answers)]
    assert silent == []
