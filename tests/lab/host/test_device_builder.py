"""Promise: devices that cannot be built as the lab file has them are refused before any byte."""

import gc
import threading
import warnings

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import LabFileError


def test_a_safe_state_that_takes_too_long_is_refused_beforehand():
    """Promise: what cannot be done in time is said before anything moves."""
    tables = {"devices": {"a": {"driver": "lab_toys:Toy", "safe_seconds": 30}}}
    world = ToyWorld("a")
    told = r"\[devices\.a\]: its safe state takes 30 s and at most 20 s .* watchdog is armed may"
    with pytest.raises(LabFileError, match=told), toy_host("a", world=world, tables=tables):
        pass
    assert world.truth.frames == []


@pytest.mark.parametrize("speed", ["max", "real"])
def test_a_lab_that_cannot_be_fitted_out_leaves_no_loop_behind(speed):
    """Promise: a driver that refuses its options costs no socket and no selector."""
    devices = {"p": {"driver": "new_era", "options": {"colour": "red"}}}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(LabFileError, match="unknown options"):
            toy_host("p", tables={"devices": devices}, speed=speed).__enter__()
        gc.collect()
    assert [str(each.message) for each in told if each.category is ResourceWarning] == []
    assert not [t for t in threading.enumerate() if t.name == "labloop-toys"]
