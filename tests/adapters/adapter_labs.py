"""Labs of one device, for the tests of adapters."""

from labloop.lab import LabHost, MemoryJournal, load_lab_file
from labloop.records import Mode


def lab_of(driver, mode=Mode.SIMULATED, *, url="", serial="", more="", **options):
    """Return a lab whose device ``d`` has ``driver``; ``more`` follows its table."""
    text = f'[lab]\nname = "b"\n[devices.d]\ndriver = "{driver}"\nurl = "{url}"\n'
    text += f'serial_number = "{serial or ("S1" if mode is Mode.REAL else "")}"\n{more}\n'
    return LabHost(
        load_lab_file(text), mode=mode, journal=MemoryJournal(), campaign_id="t", **options
    )
