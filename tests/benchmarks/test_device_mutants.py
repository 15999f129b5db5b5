"""A short version of ``make figures-devices``: broken drivers turn the kit red."""

import ast

import pytest

from benchmarks.devices.cases import CASES
from benchmarks.devices.commands import command
from benchmarks.devices.mutants import mutants
from benchmarks.devices.mutation import DRIVERS, found_by, short

SOURCE = """
import binascii
_FACTORS = {"UL": 1e-3, "ML": 1.0}
def parse(reply):
    if binascii.crc_hqx(reply, 0) != 1:
        raise ProtocolError("x")
    if not reply:
        raise ProtocolError("y")
    return None if reply == b"x" else float(reply) / 1000.0
def command(value):
    if value > 3:
        raise ProtocolError("z")
"""


@pytest.mark.slow
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_broken_checksum_unit_or_error_of_each_driver_is_seen(driver):
    """Promise: one mutant of each kind that its files offer; all of them: ``figures-devices``."""
    broken = short(driver)
    assert {"unit", "error"} <= {mutant.kind for mutant in broken}
    missed = [mutant for mutant in broken if not found_by(driver, mutant)]
    assert [(m.file, m.line, m.what) for m in missed] == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.driver)
def test_random_commands_stay_within_the_limits(case):
    """Promise: not a number, infinities, wrong units: 400 commands, none gets through."""
    found = command(case, 400)
    assert (found.get("beyond"), found.get("crashes", 0), found["told"]) == (0, 0, "")


def test_rules_break_one_place_at_a_time():
    """Promise: each mutant is a file that differs, and what is sent is left alone."""
    made = list(mutants("_protocol", SOURCE))
    assert [(m.kind, m.line) for m in made] == [
        ("unit", 3),
        ("unit", 3),
        ("checksum", 5),
        ("checksum", 5),
        ("error", 7),
        ("unit", 9),
        ("error", 9),
    ]
    assert len({m.source for m in made}) == len(made)
    assert all(ast.parse(m.source) for m in made)
