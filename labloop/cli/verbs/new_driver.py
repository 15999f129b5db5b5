"""What ``labloop new driver`` writes: a package of one driver whose tests pass at once."""

import keyword
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from labloop.errors import DefinitionError

_FACE = '''"""The NAME: its bytes in ``_protocol.py``, its verbs in ``_driver.py``."""

from NAME._driver import CLASS

__all__ = ["CLASS"]
'''
_EMULATOR_DOC = '''"""The NAME from the other end of its cable, and a world that holds one.

Write it from the manual, never from the driver: a mistake that both share would not be found.
"""
'''
_PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "PROJECT"
version = "0.1.0"
description = "Driver and emulator of the NAME for labloop"
requires-python = ">=3.11"
# labloop itself is installed from its own checkout.

[project.entry-points."labloop.drivers"]
NAME = "NAME:CLASS"

[project.entry-points."labloop.emulators"]
NAME = "NAME.emulator:CLASSEmulator"

[project.entry-points."labloop.cases"]
NAME = "NAME.case:CASE"

[project.entry-points."labloop.worlds"]
NAME_bench = "NAME.emulator:create"

[tool.hatch.build.targets.wheel]
packages = ["NAME"]

[tool.pytest.ini_options]
addopts = ["--import-mode=importlib"]
pythonpath = ["."]
testpaths = ["tests"]
"""
_LAB_FILE = """[lab]
name = "NAME_bench"
# Answers in simulation.
world = "NAME.emulator:create"

[devices.NAME]
# "NAME" alone does once the package is installed.
driver = "NAME:CLASS"
# A real lab needs the line and the number on the instrument:
# url = "serial://COM3?baud=9600"
# serial_number = "..."

[devices.NAME.limits]
"set_speed.speed" = { min = "0 rpm", max = "1000 rpm" }
"""
_CASE = '''"""What the manual of the NAME says: the contract of a driver is checked against it."""

from functools import partial

from NAME.emulator import create

from labloop.errors import DeviceFaultError, ProtocolError
from labloop.testing.drivers import DriverCase, ManualAnswer
from labloop.units import quantity

SPEED = quantity(600, "rpm")
CASE = DriverCase(
    "NAME:CLASS",
    partial(create, 0, {}),
    "NAME",
    lambda device: device.set_speed(SPEED),
    answers=(
        ManualAnswer("speed", b"1200\\r", quantity(1200, "rpm")),
        ManualAnswer("speed", b"12OO\\r", ProtocolError),
        ManualAnswer(lambda device: device.set_speed(SPEED), b"ERR 2\\r", DeviceFaultError),
    ),
    frames=((lambda device: device.set_speed(SPEED), b"SPEED 600\\r"),),
)
'''
_CONFTEST = '''"""The contract of a driver: the mark ``driver`` and the fixture ``driver_check``."""

pytest_plugins = ["labloop.testing.drivers.plugin"]
'''
_TESTS = '''"""The NAME says what its manual says, and keeps the contract of a driver."""

from pathlib import Path

import pytest
from NAME import _protocol as protocol
from NAME.case import CASE

from labloop.errors import DeviceFaultError, ProtocolError
from labloop.lab import LabHost, MemoryJournal, load_lab_file
from labloop.records import Mode
from labloop.units import quantity

LAB = Path(__file__).resolve().parents[1] / "lab.toml"


@pytest.mark.driver(CASE)
def test_contract(driver_check):
    """Every line of it, against the emulator."""
    driver_check()


def test_bytes_are_those_of_the_manual():
    """What goes out, and what is refused of what comes in."""
    assert protocol.set_speed(600) == b"SPEED 600\\r"
    with pytest.raises(ProtocolError, match="where a speed was due"):
        protocol.parse_speed(b"60o\\r")
    with pytest.raises(DeviceFaultError, match="ERR 2"):
        protocol.check(b"ERR 2\\r")


def test_the_lab_file_opens_a_lab():
    """The speed is reached ten seconds of lab time after it was set."""

    async def use(lab):
        await lab.NAME.set_speed(quantity(600, "rpm"))
        await lab.wait(quantity(10, "s"))
        return await lab.NAME.speed()

    lab_file, journal = load_lab_file(LAB), MemoryJournal()
    with LabHost(lab_file, mode=Mode.SIMULATED, journal=journal, campaign_id="test") as host:
        assert host.call(use).value == pytest.approx(600, abs=5)
'''
_README = """# NAME

Driver and emulator for labloop. It speaks the words of an example, a shaker: put those of your
instrument in their place, one after the other, and keep the tests green.

| file | what to write there |
|---|---|
| `NAME/_protocol.py` | bytes: what goes out, how long an answer is, what it means |
| `NAME/_driver.py` | actions and reads, their units and limits, what is safe |
| `NAME/emulator.py` | the instrument from the other end of its cable, from the manual |
| `NAME/case.py` | answers, frames and errors of the manual, for the checks |
| `tests/test_NAME.py` | transcripts from the manual; the contract of every driver |
| `lab.toml` | a lab of this one instrument, with limits |

    pip install -e .
    pytest
    labloop test driver NAME:CLASS --case NAME.case:CASE
    labloop devices read lab.toml NAME
    labloop devices run lab.toml NAME set_speed "speed=600 rpm" --hold "10 s"

Pages of the manual that it was written from, and what is not known for certain: write them here.
"""


def driver_files(name: str) -> dict[Path, str]:
    """Return path -> text of a package that holds one driver.

    Driver, protocol and emulator are the templates that the documentation shows.

    Args:
        name: of package and driver.

    Raises:
        DefinitionError: it is no name for a package, or is taken.
    """
    source = _templates()
    made = "".join(part.capitalize() for part in name.split("_"))
    parts = {each: (source / "shaker" / f"{each}.py") for each in ("_driver", "_protocol")}
    texts = {each: path.read_text(encoding="utf-8") for each, path in parts.items()}
    texts["emulator"] = (source / "emulator.py").read_text(encoding="utf-8")
    _check_name(name, made, texts["_driver"])
    texts["emulator"] = re.sub(
        r'\A""".*?"""\n', lambda _: _EMULATOR_DOC, texts["emulator"], flags=re.DOTALL
    )
    root, package = Path(name), Path(name) / name
    files = {
        root / "README.md": _README,
        root / "pyproject.toml": _PROJECT.replace("PROJECT", name.replace("_", "-")),
        root / "lab.toml": _LAB_FILE,
        package / "__init__.py": _FACE,
        **{package / f"{each}.py": _renamed(text, name, made) for each, text in texts.items()},
        package / "case.py": _CASE,
        root / "tests" / "conftest.py": _CONFTEST,
        root / "tests" / f"test_{name}.py": _TESTS,
    }
    return {
        path: re.sub("NAME|CLASS", lambda m: name if m[0] == "NAME" else made, text)
        for path, text in files.items()
    }


def _renamed(text: str, name: str, made: str) -> str:
    """Return a template with another instrument's name in it."""
    text = text.replace("templates.shaker", name).replace("SHAKER", name.upper())
    text = text.replace("a shaker", f"the {name}")
    return text.replace("Shaker", made).replace("shaker", name)


def _templates() -> Path:
    """Return the folder of the templates, in the wheel or in a checkout."""
    inside = Path(__file__).resolve().parents[2] / "templates"
    return inside if inside.is_dir() else inside.parents[1] / "docs" / "templates"


def _check_name(name: str, made: str, driver: str) -> None:
    """Raise DefinitionError where a package cannot be called so."""
    from labloop.lab import installed  # noqa: PLC0415 - keeps labloop --help quick

    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > 40:
        raise DefinitionError(
            "a driver is called as a Python package, with small letters, digits and _ "
            f"(40 at most), such as acme_s1; got {name!r}"
        )
    if name in installed("labloop.drivers"):
        raise DefinitionError(f"a driver {name!r} is installed already; choose another name")
    if Path(name).exists():
        raise DefinitionError(f"{name} exists; name another driver, or remove it first")
    taken = keyword.iskeyword(name) or name in sys.stdlib_module_names or find_spec(name)
    if taken or re.search(rf"\b{made}\b", driver):
        raise DefinitionError(
            f"{name!r} is a word of Python or of labloop; add the maker or the model, "
            f"such as acme_{name}"
        )
