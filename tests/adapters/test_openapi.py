"""Promise: a server that describes itself is a device, with the units and limits that it tells."""

import json
import threading
import time
from contextlib import contextmanager
from typing import Annotated

import pytest
import uvicorn
from adapter_labs import host_of
from fastapi import FastAPI, HTTPException, Query
from protocol_servers import free_port

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    LabFileError,
    LimitError,
    NotConnectedError,
)
from labloop.records import ActionState, Mode
from labloop.units import quantity
from labloop_adapters.openapi import OpenApiDevice

Volume = Annotated[float, Query(gt=0, le=10, description="Volume [mL]")]
LIMITS = """
[devices.d.limits]
"infuse.volume" = { max = "9.5 mL" }
"infuse.rate" = { max = "4 mL/min" }
"""


def pump_server():
    """Return a pump behind FastAPI, as flowchem serves one, and what it did."""
    app, did = FastAPI(), {"rate": 0.0, "running": False, "asked": []}

    @app.get("/pump/p1")
    def about() -> dict[str, str]:
        return {"name": "p1"}

    @app.get("/pump/p1/rate", summary="Flow rate (mL/min)")
    def rate() -> float:
        return did["rate"]

    @app.get("/pump/p1/is-pumping")
    def is_pumping() -> bool:
        return did["running"]

    @app.get("/pump/p1/serial")
    def serial() -> str:
        return "P-1"

    @app.put("/pump/p1/infuse")
    def infuse(rate: str, volume: Volume) -> bool:
        if volume > 9:
            raise HTTPException(422, "the syringe is empty")
        did.update(rate=float(rate.split(maxsplit=1)[0]), running=True)
        did["asked"].append((rate, volume))
        return True

    @app.put("/pump/p1/speed")
    def speed(value: float) -> bool:
        return bool(value)

    @app.put("/pump/p1/stop")
    def stop() -> bool:
        did.update(rate=0.0, running=False)
        return True

    @app.put("/valve/v1/position")
    def position(to: int) -> int:
        return to

    return app, did


@contextmanager
def served(app):
    """Yield the url at which an app is served on the loopback."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20.0
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10.0)


@pytest.fixture
def document(tmp_path):
    """Write the document of the pump beside this module's drivers and return its name."""
    path = tmp_path / "pump.json"
    path.write_text(json.dumps(pump_server()[0].openapi()))
    return str(path)


def driver_of(document, **more):
    """Return a driver of the pump."""
    told = {
        "document": document,
        "component": "/pump/p1",
        "units": {"infuse.rate": "mL/min"},
        "limits": {"infuse.rate": (0, 5)},
        "safe_requests": ("PUT stop",),
    }
    return type("Pump", (OpenApiDevice,), {"__module__": __name__, **told, **more})


PUMP = """
from labloop_adapters.openapi import OpenApiDevice


class Unsafe(OpenApiDevice):
    document = "pump.json"
    component = "/pump/p1"
    units = {"infuse.rate": "mL/min"}
    limits = {"infuse.rate": (0, 5)}


class Pump(Unsafe):
    safe_requests = ("PUT stop",)
"""


@pytest.fixture
def lab(document, tmp_path):
    """Return what opens a lab of the pump at a url; driver and document lie beside its file."""
    (tmp_path / "openapi_toy.py").write_text(PUMP)

    def make(mode, url="", driver="Pump"):
        text = f'[lab]\nname = "b"\n[devices.d]\ndriver = "openapi_toy:{driver}"\nurl = "{url}"\n'
        (tmp_path / "lab.toml").write_text(f'{text}serial_number = "P-1"\n{LIMITS}')
        return host_of(tmp_path / "lab.toml", mode)

    return make


def test_reads_and_actions_are_those_of_the_document(document):
    """Units and limits, too; what is no number or has no limits is told."""
    pump = driver_of(document)
    assert set(pump.reads) == {"rate", "is_pumping"}
    assert pump.signals["rate"].unit == "mL/min"
    volume = pump.actions["infuse"].arguments["volume"]
    assert (volume.unit, volume.arg.gt, volume.arg.le) == ("mL", 0, 10)
    assert "no number" in pump.left_out["serial"]
    assert "any number" in pump.left_out["speed"]
    assert "position" not in pump.actions


def test_it_pumps_and_is_made_safe(lab):
    """A text with a unit is a number here; limits hold; the server's refusal has FAILED."""
    app, did = pump_server()
    with served(app) as url:
        with lab(Mode.REAL, f"{url}/pump/p1") as host:
            host.call(
                lambda lab: lab.d.infuse(rate=quantity(2500, "uL/min"), volume=quantity(3, "mL"))
            )
            assert did["asked"] == [("2.5 mL/min", 3.0)]
            assert host.call(lambda lab: lab.d.rate()).value == 2.5
            assert host.call(lambda lab: lab.d.is_pumping()).value == 1
            with pytest.raises(LimitError, match=r"9\.5 mL"):
                host.call(
                    lambda lab: lab.d.infuse(rate=quantity(1, "mL/min"), volume=quantity(9.8, "mL"))
                )
        assert did["running"] is False


def test_what_the_server_refuses_has_failed(lab):
    """Nothing was done, and that is sure."""
    with served(pump_server()[0]) as url, lab(Mode.REAL, f"{url}/pump/p1") as host:
        with pytest.raises(DeviceFaultError, match="the syringe is empty"):
            host.call(
                lambda lab: lab.d.infuse(rate=quantity(1, "mL/min"), volume=quantity(9.2, "mL"))
            )
        states = [e.state for e in host.kept() if e.intent.name == "infuse"]
        assert states == [ActionState.FAILED]


def test_in_simulation_requests_are_noted(lab):
    """No server is needed; reads remember nothing that nobody set."""
    with lab(Mode.SIMULATED) as host:
        host.call(lambda lab: lab.d.infuse(rate=quantity(1, "mL/min"), volume=quantity(1, "mL")))
        assert host.call(lambda lab: lab.d.rate()).value == 0


def test_a_server_that_is_not_there_is_told(lab):
    """At the connect."""
    with (
        pytest.raises(NotConnectedError, match="nothing answers"),
        lab(Mode.REAL, f"http://127.0.0.1:{free_port()}/pump/p1"),
    ):
        pass


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("no json", "is no JSON"), ("{}", "is no OpenAPI document"), (None, "cannot be read")],
)
def test_what_is_no_document_is_told(tmp_path, content, sentence):
    """When the driver is imported."""
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DefinitionError, match=sentence):
        driver_of(str(path))


def test_names_that_are_not_there_are_told(document, lab):
    """Operations of units, limits and only; and a driver that does not say what is safe."""
    with pytest.raises(DefinitionError, match=r"names colour, which pump\.json does not have"):
        driver_of(document, only=("colour",))
    with pytest.raises(LabFileError, match="does not say what is safe"):
        lab(Mode.SIMULATED, driver="Unsafe").__enter__()
