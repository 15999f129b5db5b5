"""Promise: a lab that is still open when its program ends is made safe first."""

from lab_programs import ON, ended


def test_a_lab_that_is_still_open_when_the_program_ends_is_made_safe():
    """Promise: without `with`, as in a notebook, the end of the interpreter is an end."""
    code, said, events = ended(f"host.__enter__()\n{ON}")
    assert (code, events[-2:]) == (0, ["a safe", "b safe"]), said


def test_what_is_not_safe_when_the_program_ends_gives_its_exit_code():
    """Promise: also where nobody is left to raise to."""
    body = f"host.__enter__()\n{ON}world.emulators['a'].plugged = False\n"
    code, said, _ = ended(body)
    assert code == 4
    assert "!! NOT SAFE: a is NOT known to be in its safe state" in said
