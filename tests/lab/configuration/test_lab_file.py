"""Promise: a lab file is checked as it is read, and every mistake is named by table and key."""

import pytest
from lab_files import GOOD, changed
from lab_toys import Toy

from labloop.errors import LabFileError
from labloop.lab import load_lab_file, plan_lab
from labloop.records import Mode


def test_a_good_file(tmp_path):
    """Promise: a file with everything in it is read, also from a path with blanks."""
    path = tmp_path / "my lab" / "lab file.toml"
    path.parent.mkdir()
    path.write_text(GOOD, encoding="utf-8")
    lab_file = load_lab_file(path)
    assert lab_file == load_lab_file(str(path))
    assert lab_file.source == str(path)
    assert lab_file.safe_order == ("b", "a")
    assert lab_file.stations["oven"].all("oven") == ("oven-1", "oven-2", "oven-3", "oven-4")
    plan = plan_lab(lab_file, Mode.SIMULATED)
    assert plan.limits["a"]["set_value", "rate"].le == pytest.approx(10)
    assert plan.drivers == {"a": Toy, "b": Toy}


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('name = "toys"', "", r"lab file: \[lab\] name is missing"),
        ('name = "toys"', "name = 3", r"\[lab\] name must be a text in quotes; got 3"),
        ('url = "serial', 'uri = "serial', r"\[devices\.a\] uri is not known"),
        (
            'serial_number = "77"',
            "serial_number = 77",
            r"\[devices\.a\] serial_number must be a text in quotes",
        ),
        (
            'safe_order = ["b", "a"]',
            'safe_order = ["x"]',
            r"safe_order names 'x', which is no device",
        ),
        ('device = "a"', 'device = "z"', r"\[\[interlocks\]\] number 1 names the device 'z'"),
        ("b.value >= 1 mL/min", "x.value > 1 g", r"number 1 names the device 'x'"),
        ("b.value >= 1 mL/min", "b.value is high", "requires '<device>"),
        ("b.value >= 1 mL/min", "b.value >= 1 ML/min", "did you mean 'mL'"),
        ('because = "a must not run dry"', "", r"\[interlocks\.0\] because is missing"),
        ("[devices.b]", "[devices.'b c']", r"\[devices\.b c\] is no usable name"),
        ("count = 4", "", r"\[stations\] oven is not usable: needs either names"),
        ('["v1", "v2"]', '["v1", "v1"]', "names one station twice"),
        ("[lab]", "[lab", "lab file is no TOML"),
        ('max_age = "5 s"', 'max_age = "5 g"', "cannot be converted"),
        (
            "count = 4",
            "count = 4\ncapacity = 0",
            r"\[stations.oven\] capacity is not usable: .*1; got",
        ),
        (
            "count = 4",
            'count = 4\nwarm_up = "20 mL"',
            r"\[stations.oven\] warm_up needs a time such",
        ),
        (
            "count = 4",
            'count = 4\ncleaning = "-1 s"',
            r"\[stations.oven\] cleaning needs a time from 0",
        ),
        (
            "count = 4",
            'count = 4\nidle_for = "2 h"',
            r"\[stations.oven\] idle_for .* needs warm_up",
        ),
        (
            "count = 4",
            'count = 4\nchange_over = { parameter = "t", time = "1 s", unit = "degX" }',
            r"\[stations.oven\] .*degX",
        ),
        (
            "count = 4",
            "count = 4\nused_up = true\ncapacity = 2",
            r"\[stations.oven\] is used up by",
        ),
        ("[stations.vial]", "[stations.a]\nused_up = true", "cannot have the name of a device"),
        ("[stations.oven]", '[hold]\nafter = "5 g"\n[stations.oven]', r"\[hold\] after: .*convert"),
        ("[stations.oven]", '[hold]\nafter = "-1 s"\n[stations.oven]', "must be a time from 0 s"),
        ("[stations.oven]", '[hold]\nkeep = ["x"]\n[stations.oven]', "keep names 'x', which is no"),
        (
            "[stations.oven]",
            '[hold]\nstate = "off"\n[stations.oven]',
            r"\[hold\] state .*'safe'",
        ),
    ],
)
def test_what_cannot_be_read(old, new, match):
    """Promise: told before any driver is imported."""
    with pytest.raises(LabFileError, match=match):
        load_lab_file(changed(old, new))


def test_files_that_cannot_be_read(tmp_path):
    """Promise: the sentence names the file and what is expected in it."""
    with pytest.raises(LabFileError, match=r"nowhere\.toml cannot be read \(No such file"):
        load_lab_file(tmp_path / "nowhere.toml")
    (tmp_path / "big.toml").write_bytes(b"#" * 70_000)
    with pytest.raises(LabFileError, match="70000 bytes, at most 65536"):
        load_lab_file(tmp_path / "big.toml")
    (tmp_path / "latin.toml").write_bytes(b'[lab]\nname = "caf\xe9"')
    with pytest.raises(LabFileError, match="not written in UTF-8"):
        load_lab_file(tmp_path / "latin.toml")


def test_a_part_is_the_lab_of_one_device():
    """With what the interlocks of the actions read that it will be told, and nothing else."""
    whole = load_lab_file(GOOD)
    alone = whole.part("a")
    assert list(alone.devices) == ["a"]
    assert alone.interlocks == ()
    assert alone.safe_order == ("a",)
    told = whole.part("a", ["set_value"])
    assert told.safe_order == ("b", "a")
    assert told.interlocks == whole.interlocks
    assert list(whole.part("b", ["set_value"]).devices) == ["b"]
    with pytest.raises(LabFileError, match="has no device 'c'; it has: a, b"):
        whole.part("c")
