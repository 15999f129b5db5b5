"""Promise: drivers and worlds are found by name, and a lab file is checked against its drivers."""

import sys

import pytest
from lab_files import GOOD, changed
from lab_toys import ToyWorld, toy_host, toy_tables

from labloop.errors import LabFileError
from labloop.lab import find_driver, installed, lab_file_of, load_lab_file, plan_lab
from labloop.records import Mode


def _real():
    return {
        "driver": "lab_toys:Toy",
        "url": "serial://COM3",
        "serial_number": "77",
        "limits": {"set_value.rate": {"max": "10 mL/min"}},
    }


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            'driver = "lab_toys:Toy"',
            'driver = "tay"',
            r"\[devices\.a\] driver: driver 'tay' is not ",
        ),
        (
            'driver = "lab_toys:Toy"',
            'driver = "lab_toys:Tay"',
            "cannot be imported: module 'lab_toys",
        ),
        ('driver = "lab_toys:Toy"', 'driver = "os:getcwd"', r"which is no labloop\.lab\.Device"),
        (
            "set_value.rate",
            "set_value.speed",
            r"\[devices\.a\.limits\] 'set_value\.speed' is no number",
        ),
        ("set_value.rate", "stir.rate", "it takes: .*set_value.rate"),
        (
            'max = "0.6 L/h"',
            'max = "5 g"',
            r"\[devices\.a\.limits\] 'set_value\.rate': .*cannot be conv",
        ),
        ('{ min = "0 mL/min", max = "0.6 L/h" }', "{}", "needs min or max"),
        (
            'action = "set_value"',
            'action = "fly"',
            "names the action 'fly', but a knows: .*set_value",
        ),
        ("b.value >=", "b.colour >=", "names the read 'colour', but b knows: value"),
    ],
)
def test_what_does_not_fit_the_drivers(old, new, match):
    """Promise: told before any line is opened."""
    with pytest.raises(LabFileError, match=match):
        plan_lab(load_lab_file(changed(old, new)), Mode.SIMULATED)


def test_all_mistakes_are_told_at_once():
    """Promise: a person corrects a file once."""
    text = changed('url = "serial', 'uri = "serial').replace("count = 4", "count = -4")
    with pytest.raises(LabFileError) as told:
        load_lab_file(text)
    assert len(str(told.value).splitlines()) == 2


def test_what_keeps_a_lab_from_being_real():
    """Promise: real needs address, serial number and limits of every device."""
    with pytest.raises(
        LabFileError, match=r"\[devices\.b\] has no url and no serial_number and no"
    ):
        plan_lab(load_lab_file(GOOD), Mode.REAL)
    only_a = lab_file_of({"lab": {"name": "x"}, "devices": {"a": _real()}})
    plan_lab(only_a, Mode.REAL)
    for key in ("url", "serial_number", "limits"):
        table = {k: v for k, v in _real().items() if k != key}
        with pytest.raises(LabFileError, match=f"has no {key}, so the lab cannot be real"):
            plan_lab(lab_file_of({"lab": {"name": "x"}, "devices": {"a": table}}), Mode.REAL)


def test_a_lab_without_world_cannot_be_simulated():
    """Promise: somebody must answer."""
    tables = toy_tables("a") | {"lab": {"name": "toys"}}
    with pytest.raises(LabFileError, match=r"\[lab\] world is missing"):
        toy_host("a", tables=tables, world=None)
    tables = toy_tables("a") | {"lab": {"name": "toys", "world": "nowhere"}}
    with pytest.raises(LabFileError, match=r"\[lab\] world: world 'nowhere' is not installed"):
        toy_host("a", tables=tables, world=None)


def test_the_world_of_the_lab_file_answers():
    """Promise: [lab] world and its options are enough."""
    tables = toy_tables("a", "b") | {
        "lab": {"name": "t", "world": "lab_toys:create", "world_options": {"names": ["a", "b"]}}
    }
    with toy_host("a", "b", tables=tables, world=None) as host:
        assert host.identities["b"].serial_number == "T-b"
        assert host.identities["b"].driver == "lab_toys:Toy"
        assert [each.device for each in host.journal.identities("camp")] == ["a", "b"]


def test_a_world_without_an_emulator_for_a_device():
    """Promise: the sentence names both sides."""
    host = toy_host("a", "b", world=ToyWorld("a"))
    with (
        pytest.raises(LabFileError, match=r"\[devices\.b\]: 'emulator://b': no emulator .*: a$"),
        host,
    ):
        pass


def test_a_driver_of_somebody_else_is_found_when_it_is_installed(tmp_path, monkeypatch):
    """Promise: an entry point is all that a stranger's package needs; others are not imported."""
    package = tmp_path / "far_away_lab"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "driver.py").write_text(
        "from lab_toys import Toy\nclass Stirrer(Toy):\n    model = 'far away'\n"
    )
    (package / "world.py").write_text(
        "from lab_toys import ToyWorld\ndef create(seed, options):\n    return ToyWorld('mix')\n"
    )
    (package / "explodes.py").write_text("raise RuntimeError('imported')\n")
    info = tmp_path / "far_away_lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: far-away-lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[labloop.drivers]\nfar_stirrer = far_away_lab.driver:Stirrer\n"
        "bomb = far_away_lab.explodes:Bomb\n"
        "[labloop.worlds]\nfar_world = far_away_lab.world:create\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {"far_stirrer", "bomb"} <= set(installed("labloop.drivers"))
    assert find_driver("far_stirrer").model == "far away"
    text = '[lab]\nname = "far"\nworld = "far_world"\n[devices.mix]\ndriver = "far_stirrer"\n'
    tables = dict(load_lab_file(text).model_dump(exclude={"source"}))
    with toy_host("mix", tables=tables, world=None) as host:
        assert host.call(lambda lab: lab.mix.value()).value == 0.0
    assert "far_away_lab.explodes" not in sys.modules
    with pytest.raises(LabFileError, match=r"installed are: .*bomb.*far_stirrer"):
        find_driver("unheard_of")


def test_a_url_of_a_scheme_that_does_not_exist_is_told_in_either_mode():
    """Promise: before anything is opened, with the schemes that there are."""
    tables = {"driver": "mettler", "url": "tcp://192.0.2.1:4001"}
    lab_file = lab_file_of({"lab": {"name": "b", "world": "bench"}, "devices": {"balance": tables}})
    for mode in Mode:
        with pytest.raises(LabFileError, match=r"no kind that mettler understands.*usb://\.\.\."):
            plan_lab(lab_file, mode)
