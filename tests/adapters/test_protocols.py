"""Promise: what speaks Modbus, OPC UA, MQTT or HTTP, and async libraries, are devices too."""

import importlib
import sys

import protocol_toys
import pytest
from adapter_labs import lab_of
from protocol_servers import http, in_a_thread, modbus, mqtt, opcua

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    LimitError,
    NotConnectedError,
    NotSafeError,
    ProtocolError,
    UncertainError,
)
from labloop.lab import ask_executed, can_tell
from labloop.records import ActionState, Mode
from labloop.testing.drivers import DriverCase, driver_checks
from labloop.units import quantity
from labloop_adapters.modbus import read_map
from labloop_simulators.worlds.no_wires import NoWires


def real(driver, url, limits, options=""):
    more = f"options = {{ {options} }}\n" if options else ""
    more += "[devices.d.limits]\n" + limits
    return lab_of(f"protocol_toys:{driver}", Mode.REAL, url=url, more=more)


def test_modbus_by_a_table_of_registers():
    """Promise: types, scales and word orders are those of the file; a refusal has FAILED."""
    with in_a_thread(modbus) as (url, _):
        limits = '"set_setpoint.setpoint" = { max = "90 degC" }'
        with real("Chiller", url, limits, "address = 3") as host:
            assert host.call(lambda lab: lab.d.temperature()).value == pytest.approx(-1.0)
            assert host.call(lambda lab: lab.d.setpoint()).value == pytest.approx(20.0)
            assert host.call(lambda lab: lab.d.flow()).value == pytest.approx(2.5)
            assert host.call(lambda lab: lab.d.running()).value == 1
            host.call(lambda lab: lab.d.set_setpoint(quantity(-7.25, "degC")))
            assert host.call(lambda lab: lab.d.setpoint()).value == pytest.approx(-7.2)
        with real("Chiller", url, limits, "address = 3") as host:
            assert host.call(lambda lab: lab.d.running()).value == 0
        with (
            pytest.raises(NotSafeError, match="the instrument answers"),
            real("Chiller", url, limits, "address = 4") as host,
        ):
            host.call(lambda lab: lab.d.temperature())


def test_modbus_where_nobody_answers():
    """Promise: it is told at the connect."""
    limits = '"set_setpoint.setpoint" = { max = "90 degC" }'
    with (
        pytest.raises((NotConnectedError, DeviceFaultError), match="nothing answers at modbus://"),
        real("Stubborn", "modbus://127.0.0.1:9", limits),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[t]\nholding = 1\ncoil = 2", "needs one of holding, input, coil, discrete"),
        ("[t]\ninput = 1\nset = true", "cannot be set: a register of the table input"),
        ("[t]\nholding = 70000", "t.holding: Input should be less than or equal to 65535"),
        ('[t]\nholding = 1\nkind = "int8"', "t.kind: Input should be"),
        ("[t]\nholding = 1\nscael = 2", "t.scael: Extra inputs are not permitted"),
        ("t = 1", r"t must be a table, as \[t\]"),
        ("[t", "Expected ']'"),
        ('[t]\nholding = 1\nunit = "parsec7"', "t.unit: .*parsec7"),
    ],
)
def test_a_map_of_registers_that_cannot_be_used(tmp_path, text, match):
    """Promise: file, table and key in one sentence."""
    file = tmp_path / "map.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match=match):
        read_map(file)


def test_opc_ua_on_asyncuas_own_server():
    """Promise: values are written in the type of their node; what may not be written has FAILED."""
    with in_a_thread(opcua) as ((url, nodes), loop):
        limits = '"set_setpoint.setpoint" = { max = "90 degC" }'
        with real("Bath", url, limits) as host:
            assert host.call(lambda lab: lab.d.temperature()).value == 21.5
            host.call(lambda lab: lab.d.set_setpoint(quantity(313.15, "K")))
            host.call(lambda lab: lab.d.set_speed(quantity(250, "rpm")))
            assert host.call(lambda lab: lab.d.setpoint()).value == pytest.approx(40)
            assert host.call(lambda lab: lab.d.speed()).value == 250
            with pytest.raises(LimitError):
                host.call(lambda lab: lab.d.set_setpoint(quantity(91, "degC")))
            with pytest.raises(DeviceFaultError, match="BadUserAccessDenied"):
                host.call(lambda lab: lab.d.set_sealed(False))
            assert host.kept()[-1].state is ActionState.FAILED
        import asyncio

        left = asyncio.run_coroutine_threadsafe(nodes["Running"].read_value(), loop)
        assert left.result(5) is False


def test_opc_ua_by_a_table_of_nodes():
    """Promise: a file says nodes, units, limits and methods; a failed method is UNCERTAIN."""
    with in_a_thread(opcua) as ((url, nodes), _):
        limits = '"set_setpoint.setpoint" = { max = "90 degC" }\n"dose.volume" = { max = "9 mL" }\n'
        with real("TabledBath", url, limits) as host:
            assert host.call(lambda lab: lab.d.temperature()).value == 21.5
            host.call(lambda lab: lab.d.set_setpoint(quantity(313.15, "K")))
            assert host.call(lambda lab: lab.d.setpoint()).value == pytest.approx(40)
            host.call(lambda lab: lab.d.set_power(quantity(30, "degC")))
            assert host.call(lambda lab: lab.d.setpoint()).value == pytest.approx(30)
            host.call(lambda lab: lab.d.set_speed(quantity(250, "rpm")))
            assert host.call(lambda lab: lab.d.speed()).value == 250
            host.call(lambda lab: lab.d.dose(quantity(500, "uL"), 2, True))
            assert nodes["called"] == [(0.5, 2, True)]
            with pytest.raises(LimitError, match="nothing was sent"):
                host.call(lambda lab: lab.d.dose(quantity(9.5, "mL"), 2, True))
            with pytest.raises(
                DeviceFaultError, match=r"takes 0 arguments \(none\), the table has 1"
            ):
                host.call(lambda lab: lab.d.misfit(quantity(1, "mL")))
            assert host.kept()[-1].state is ActionState.FAILED
            with pytest.raises(UncertainError, match="BadUnexpectedError"):
                host.call(lambda lab: lab.d.dose(quantity(9, "mL"), 2, False))
            assert host.kept()[-1].state is ActionState.UNCERTAIN
        assert nodes["called"][-1] == "stop"


def test_a_table_of_nodes_in_simulation():
    """Promise: values are remembered, and methods are noted, with the same limits."""
    with lab_of("protocol_toys:TabledBath") as host:
        host.call(lambda lab: lab.d.set_setpoint(quantity(30, "degC")))
        assert host.call(lambda lab: lab.d.setpoint()).value == 30
        host.call(lambda lab: lab.d.dose(quantity(1, "mL"), 2, True))
        assert host.kept()[-1].state is ActionState.DONE
        with pytest.raises(LimitError):
            host.call(lambda lab: lab.d.dose(quantity(11, "mL"), 2, True))


NODE = 'node = "ns=2;s=B"\n'
METHOD = 'method = "ns=2;s=B"\n'


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[t]\nset = true", r"t: needs node \(a value that is read\), set_node .* or method"),
        ('[t]\nnode = "Bath"', "t.node: is no id of a node, as ns=2;s=.*got 'Bath'"),
        ('[t]\nnode = "ns=2;i=x"', "t.node: is no id of a node"),
        ("[t]\nnode = 3", "t.node: Input should be a valid string; got 3"),
        (f'[t]\n{NODE}unit = "parsec7"', "t.unit: .*parsec7"),
        (f"[t]\n{NODE}scael = 2", "t.scael: Extra inputs are not permitted"),
        (f"[t]\n{NODE}seconds = 2", "t: is no method, so seconds says nothing here"),
        (f'[t]\n{METHOD}unit = "mL"', "t: is a method, so unit says nothing here"),
        (f'[t]\n{NODE}set = true\nset_node = "i=3"', "t: set = true sets the node that is read"),
        (f'[t]\n{METHOD}arguments.a = {{ unit = "mL" }}', "t.arguments.a: can be any number"),
        (f'[t]\n{METHOD}arguments.a = {{ unit = "x7", le = 1 }}', "t.arguments.a: .*x7"),
        (f'[t]\n{METHOD}arguments."a b" = {{ le = 1 }}', "argument 'a b' is no usable name"),
        (f"['t t']\n{METHOD}", "method 't t' is no usable name"),
        ("t = 1", r"t must be a table, as \[t\]"),
        ("[t", "Expected ']'"),
        (f"[t]\n{NODE}set = true", "signal 't' can be set to any number at all"),
        (f"[close]\n{METHOD}", "method 'close' of map.toml has a name that every device uses"),
        (f"[t]\n{METHOD}", "safe_calls names 'end', which is no method without arguments"),
    ],
)
def test_a_table_of_nodes_that_cannot_be_used(tmp_path, monkeypatch, text, match):
    """Promise: file, table and key in one sentence, when the class is made."""
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    source = "from labloop_adapters.opcua import OpcUaDevice\n"
    source += "class D(OpcUaDevice):\n    nodes = 'map.toml'\n    safe_calls = ('end',)\n"
    (tmp_path / "of_nodes.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "of_nodes", raising=False)
    with pytest.raises(DefinitionError, match=match):
        importlib.import_module("of_nodes")


def test_mqtt_on_a_broker():
    """Promise: a read is the newest message; a topic that says nothing is a time-out."""
    with in_a_thread(mqtt) as ((url, heard), _):
        limits = '"set_brightness.brightness" = { max = "80 %" }'
        with real("Lamp", url, limits) as host:
            assert host.call(lambda lab: lab.d.brightness()).value == 3
            host.call(lambda lab: lab.d.set_brightness(quantity(50, "%")))
            for _ in range(100):
                found = host.call(lambda lab: lab.d.brightness()).value
                if found == 50:
                    break
                host.call(lambda lab: lab.wait(quantity(20, "ms")))
            assert found == 50
            with pytest.raises(DeviceTimeoutError):
                host.call(lambda lab: lab.d.silent())
    assert heard == [{"brightness": 50.0}, {"brightness": 0}]


def test_http():
    """Promise: 4xx has FAILED, 5xx is no answer of the protocol, JSON is looked into."""
    with http() as (url, server):
        limits = '"set_rate.rate" = { max = "10 mL/min" }'
        with real("Pump", url, limits) as host:
            assert host.call(lambda lab: lab.d.rate()).value == 1.0
            host.call(lambda lab: lab.d.infuse(quantity(0.5, "mL"), quantity(2, "mL/min")))
            with pytest.raises(DeviceFaultError, match=r"422: .*too fast for this syringe"):
                host.call(lambda lab: lab.d.set_rate(quantity(9, "mL/min")))
            assert host.kept()[-1].state is ActionState.FAILED
            with pytest.raises(ProtocolError, match="500"):
                host.call(lambda lab: lab.d.broken())
    assert server.heard[0] == ("infuse", {"volume": "0.5 ml", "rate": "2.0 ml/min"})
    assert server.state == {"rate": 0.0}
    with (
        pytest.raises(NotConnectedError, match="nothing answers at http"),
        real("Pump", url, limits),
    ):
        pass


def test_http_that_keeps_the_ids_of_actions():
    """Promise: asked after a crash it says what became of one, and does nothing."""
    with http() as (url, server):
        limits = '"set_rate.rate" = { max = "10 mL/min" }'
        with real("TellingPump", url, limits) as host:
            host.call(lambda lab: lab.d.set_rate(quantity(2, "mL/min")))
            server.states["begun"], server.states["odd"] = "running", "perhaps"
            asked = {host.kept()[-1].intent.id: ActionState.DONE, "never": ActionState.NOT_SENT}
            asked |= {"begun": ActionState.INTENT, "odd": ActionState.UNCERTAIN}
            before = list(server.heard)
            for name, state in asked.items():
                assert host.call(lambda lab, name=name: ask_executed(lab.d, name)) is state
            assert server.heard == before
    assert not can_tell(protocol_toys.Pump)
    case = DriverCase(
        "protocol_toys:TellingPump",
        NoWires,
        "d",
        lambda pump: pump.set_rate(quantity(2, "mL/min")),
    )
    next(c for c in driver_checks(wire=False) if c.name == "tells_what_it_did")(case)
    halves = pytest.raises(DefinitionError, match="told_at and told_states belong together")
    with halves:
        type("Half", (protocol_toys.Pump,), {"id_header": "Idempotency-Key"})


def test_pylabrobot_on_its_chatterbox():
    """Promise: shaking for a minute costs no lab time beyond what the library sleeps."""
    with lab_of("protocol_toys:Shaker") as host:
        host.call(lambda lab: lab.d.set_temperature(quantity(37, "degC")))
        host.call(lambda lab: lab.d.shake(quantity(300, "rpm"), quantity(0.2, "s")))
        assert host.call(lambda lab: lab.d.temperature()).value > 0
        assert host.now() < 1
    assert host.report.safe == ["d"]


def test_ophyd_async_on_its_own_simulations():
    """Promise: a movable is moved and awaited, and a mock remembers."""
    with real("Stage", "library://stage", '"set_position.position" = { max = "5 mm" }') as host:
        host.call(lambda lab: lab.d.set_position(quantity(0.2, "cm")))
        assert host.call(lambda lab: lab.d.position()).value == pytest.approx(2)
        with pytest.raises(LimitError):
            host.call(lambda lab: lab.d.set_position(quantity(9, "mm")))
    with lab_of("protocol_toys:Mocked") as host:
        host.call(lambda lab: lab.d.set_speed(quantity(3, "mm/s")))
        assert host.call(lambda lab: lab.d.speed()).value == 3


CASES = {
    "Shaker": lambda d: d.set_temperature(quantity(37, "degC")),
    "Stage": lambda d: d.set_position(quantity(1, "mm")),
    "Mocked": lambda d: d.set_speed(quantity(1, "mm/s")),
    "Chiller": lambda d: d.set_setpoint(quantity(30, "degC")),
    "Bath": lambda d: d.set_setpoint(quantity(30, "degC")),
    "TabledBath": lambda d: d.dose(quantity(1, "mL"), 2, True),
    "Lamp": lambda d: d.set_brightness(quantity(30, "%")),
    "Pump": lambda d: d.set_rate(quantity(3, "mL/min")),
}


@pytest.mark.parametrize("check", driver_checks(wire=False), ids=lambda check: check.name)
@pytest.mark.parametrize("name", CASES)
def test_the_contract_of_a_driver(check, name):
    """Promise: what holds for a driver of bytes holds for each of these in simulation."""
    check(DriverCase(f"protocol_toys:{name}", NoWires, "d", CASES[name]))


def test_two_units_of_one_line_have_addresses():
    """Promise: one url twice needs an address each."""
    second = '[devices.e]\ndriver = "protocol_toys:Chiller"\nurl = "modbus://127.0.0.1:502"'
    with pytest.raises(LabFileError, match="needs an address of its own"):
        lab_of("protocol_toys:Chiller", url="modbus://127.0.0.1:502", more=second)
