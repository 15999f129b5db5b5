"""Labs of one device, for the tests of adapters."""

from labloop.lab import LabHost, MemoryJournal, load_lab_file
from labloop.records import Mode


def lab_of(driver, mode=Mode.SIMULATED, *, url="", serial="", more="", **options):
    """Return a lab whose device ``d`` has ``driver``; ``more`` follows its table."""
    text = f'[lab]\nname = "b"\n[devices.d]\ndriver = "{driver}"\nurl = "{url}"\n'
    text += f'serial_number = "{serial or ("S1" if mode is Mode.REAL else "")}"\n{more}\n'
    return host_of(text, mode, **options)


def host_of(text, mode=Mode.SIMULATED, **options):
    """Return a host whose ``kept`` are the entries of its journal."""
    journal = MemoryJournal()
    host = LabHost(load_lab_file(text), mode=mode, journal=journal, campaign_id="t", **options)
    host.kept = lambda: journal.entries("t")
    return host
