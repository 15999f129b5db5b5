"""A short version of ``make figures-devices``: mutated answers harm no driver."""

import pytest

from benchmarks.devices.cases import CASES
from benchmarks.devices.fuzz import decoders, line


def wrong(found):
    return (found.crashes, found.hangs, found.lost, found.beyond), found.told


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.driver)
def test_mutated_answers_are_values_or_errors_and_the_next_good_one_is_understood(case):
    """2,000 answers to the decoders, 100 on an emulated line; no limit is passed meanwhile."""
    assert wrong(decoders(case, 2000)) == ((0, 0, 0, 0), "")
    assert wrong(line(case, 100)) == ((0, 0, 0, 0), "")


def test_every_installed_driver_is_fuzzed():
    from labloop.lab import installed

    own = {
        name
        for name, point in installed("labloop.drivers").items()
        if point.value.startswith("labloop_devices.")
    }
    assert own == {case.driver for case in CASES}
