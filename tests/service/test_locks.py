"""Promise: a host and a campaign with a lab file of its own never command one instrument."""

import pytest
from host_toys import running_host
from lab_toys import Toy

from labloop.errors import LeaseError
from labloop.lab import lab_file_of
from labloop.lab.host.instrument_locks import InstrumentLocks
from labloop.records import Mode

LIMIT = {"min": "0 mL/min", "max": "5 mL/min"}
TABLES = {
    "devices": {
        "a": {
            "driver": "lab_toys:Toy",
            "url": "serial:///dev/labloop-no-such-port?baud=9600",
            "serial_number": "T-a",
            "limits": {"set_value.rate": LIMIT},
        }
    },
    "watchdog": {"off_because": "nothing is ever opened here"},
}


def test_a_host_is_refused_an_instrument_that_a_campaign_drives(tmp_path, monkeypatch):
    """The lock belongs to the line on its machine, whatever database or folder it is for."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "locks"))
    lab_file = lab_file_of({"lab": {"name": "toys"}} | TABLES)
    campaign = InstrumentLocks(lab_file, {"a": Toy}, "bob", "campaign other")
    campaign.take()
    try:
        refused = pytest.raises(LeaseError, match=r"a .*is driven by bob .*campaign other")
        with refused, running_host(tmp_path, tables=TABLES, mode=Mode.REAL):
            pass
    finally:
        campaign.release()
