# ruff: noqa: N802, N803 - the names are those of the feature
"""Promise: a feature of a SiLA 2 server is a device, with the units and limits that it tells."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from adapter_labs import host_of
from protocol_servers import free_port
from sila2.framework import Feature
from sila2.server import FeatureImplementationBase, SilaServer

from labloop.errors import DefinitionError, LabFileError, LimitError, NotConnectedError
from labloop.records import Mode
from labloop.units import quantity
from labloop_adapters.base.feature_definition import feature_of
from labloop_adapters.sila import fetch_features

FEATURE = Path(__file__).parent / "Pump.sila.xml"
DRIVER = """
from labloop_adapters.sila import SilaDevice


class Unsafe(SilaDevice):
    feature = "Pump.sila.xml"


class Pump(Unsafe):
    safe_commands = ("Stop",)
"""
LIMITS = '[devices.d.limits]\n"set_rate.rate" = { max = "8 mL/min" }\n'


class PumpFeature(FeatureImplementationBase):
    """What the server's pump does."""

    rate = 0.0

    def get_FlowRate(self, *, metadata):
        return self.rate

    def get_Label(self, *, metadata):
        return "a pump"

    def SetRate(self, Rate, *, metadata):
        self.rate = Rate

    def Calibrate(self, Factor, *, metadata):
        return None

    def Stop(self, *, metadata):
        self.rate = 0.0


@contextmanager
def served():
    """Yield url and pump of a server of sila2 on the loopback."""
    server = SilaServer("pumps", "Pumps", "A pump.", "1.0", "https://example.org")
    pump = PumpFeature(server)
    server.set_feature_implementation(Feature(str(FEATURE)), pump)
    port = free_port()
    server.start_insecure("127.0.0.1", port, enable_discovery=False)
    try:
        yield f"sila://127.0.0.1:{port}", pump, str(server.server_uuid)
    finally:
        server.stop()


@pytest.fixture
def lab(tmp_path):
    """Return what opens a lab of the pump; driver and definition lie beside its file."""
    (tmp_path / "sila_toy.py").write_text(DRIVER)
    (tmp_path / "Pump.sila.xml").write_text(FEATURE.read_text())

    def make(mode, url="", serial="S-1", driver="Pump"):
        text = f'[lab]\nname = "b"\n[devices.d]\ndriver = "sila_toy:{driver}"\nurl = "{url}"\n'
        (tmp_path / "lab.toml").write_text(f'{text}serial_number = "{serial}"\n{LIMITS}')
        return host_of(tmp_path / "lab.toml", mode)

    return make


def test_reads_and_actions_are_those_of_the_definition():
    """Units and limits, too; what is no number or has no limits is told."""
    found = feature_of(FEATURE.read_text(), {}, {})
    assert found.reads["flow_rate"].unit == "mL/min"
    _, hint = found.commands["set_rate"].arguments["rate"]
    arg = hint.__metadata__[0]
    assert (arg.unit, arg.ge, arg.le) == ("mL/min", 0, 10)
    assert "String" in found.left_out["label"]
    assert "any number" in found.left_out["calibrate"]


def test_it_pumps_and_is_made_safe(lab):
    """A server of sila2 itself: units, limits, who it is, the safe command."""
    with served() as (url, pump, number):
        with lab(Mode.REAL, url, number) as host:
            assert host.identities["d"].model == "pumps"
            host.call(lambda lab: lab.d.set_rate(rate=quantity(2500, "uL/min")))
            assert pump.rate == pytest.approx(2.5)
            assert host.call(lambda lab: lab.d.flow_rate()).value == pytest.approx(2.5)
            with pytest.raises(LimitError, match="8 mL/min"):
                host.call(lambda lab: lab.d.set_rate(rate=quantity(9, "mL/min")))
        assert pump.rate == 0


def test_definitions_are_fetched_from_the_server(tmp_path):
    """Those of the server itself are left out."""
    with served() as (url, _, _):
        [path] = fetch_features(url, tmp_path)
    assert path.name == "Pump.sila.xml"
    assert set(feature_of(path.read_text(), {}, {}).commands) == {"set_rate", "stop"}


def test_in_simulation_commands_are_noted(lab):
    """No server is needed."""
    with lab(Mode.SIMULATED) as host:
        host.call(lambda lab: lab.d.set_rate(rate=quantity(1, "mL/min")))
        assert host.call(lambda lab: lab.d.flow_rate()).value == 0


def test_a_server_that_is_not_there_is_told(lab):
    """At the connect."""
    with pytest.raises(NotConnectedError, match="nothing answers"):
        lab(Mode.REAL, f"sila://127.0.0.1:{free_port()}").__enter__()


def test_mistakes_are_sentences(lab):
    """No definition, another one, and a driver that does not say what is safe."""
    with pytest.raises(DefinitionError, match="is XML"):
        feature_of("no xml", {}, {})
    with pytest.raises(DefinitionError, match="begins with Feature"):
        feature_of("<a/>", {}, {})
    with pytest.raises(LabFileError, match="does not say what is safe"):
        lab(Mode.SIMULATED, driver="Unsafe").__enter__()
