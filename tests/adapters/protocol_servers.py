"""Servers of the protocols themselves, on the loopback, each in a thread of its own."""

import asyncio
import json
import socket
import threading
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@contextmanager
def in_a_thread(server):
    """Run an async context manager in a loop of its own; yields what it yields."""
    loop, end = asyncio.new_event_loop(), None
    ready, box = threading.Event(), []

    async def run():
        nonlocal end
        end = asyncio.Event()
        try:
            async with server() as told:
                box.append(told)
                ready.set()
                await end.wait()
        except BaseException as error:
            box.append(error)
            raise
        finally:
            ready.set()

    def turn():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    assert ready.wait(20.0)
    if isinstance(box[0], BaseException):
        raise box[0]
    try:
        yield box[0], loop
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10.0)


@asynccontextmanager
async def modbus():
    """Pymodbus's own simulator: a chiller at unit 3 that refuses what it does not have."""
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    block = SimDevice(
        3,
        (
            [SimData(5, values=True, datatype=DataType.BITS)],
            [SimData(0, values=False, datatype=DataType.BITS)],
            [
                SimData(20, values=200, datatype=DataType.REGISTERS),
                SimData(30, values=[0x0000, 0x4020], datatype=DataType.REGISTERS),
            ],
            [SimData(10, values=0xFFF6, datatype=DataType.REGISTERS)],
        ),
    )
    port = free_port()
    server = ModbusTcpServer(block, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield f"modbus://127.0.0.1:{port}"
    finally:
        await server.shutdown()


@asynccontextmanager
async def opcua():
    """Asyncua's own server with a bath; ``Sealed`` may not be written, ``Dose`` fails at 9."""
    from asyncua import Server, ua, uamethod

    server = Server()
    await server.init()
    url = f"opc.tcp://127.0.0.1:{free_port()}"
    server.set_endpoint(url)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace("urn:bath")
    bath = await server.nodes.objects.add_object("ns=2;s=Bath", "2:Bath")
    nodes, called = {}, []

    @uamethod
    def dose(_, volume, steps, stirred):
        called.append((volume, steps, stirred))
        if volume == 9:
            raise RuntimeError("the valve is stuck")
        return volume

    @uamethod
    def stop(_):
        called.append("stop")

    types = ua.VariantType
    takes = [types.Float, types.UInt16, types.Boolean]
    await bath.add_method("ns=2;s=Bath.Dose", "2:Dose", dose, takes, [types.Float])
    await bath.add_method("ns=2;s=Bath.Stop", "2:Stop", stop, [], [])
    nodes["called"] = called
    for name, value in (
        ("Temperature", 21.5),
        ("Setpoint", 20.0),
        ("Speed", 100),
        ("Running", True),
        ("Sealed", True),
    ):
        node = await bath.add_variable(f"ns=2;s=Bath.{name}", name, value)
        if name not in {"Sealed", "Temperature"}:
            await node.set_writable()
        nodes[name] = node
    async with server:
        yield url, nodes


@asynccontextmanager
async def mqtt():
    """Amqtt's broker, with a lamp on it that publishes what it is told."""
    import aiomqtt
    from amqtt.broker import Broker

    port = free_port()
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Broker(config)
    await broker.start()
    heard = []

    async def lamp():
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("lab/lamp/set")
            await client.publish("lab/lamp/state", json.dumps({"brightness": 3}), retain=True)
            async for message in client.messages:
                told = json.loads(message.payload)
                heard.append(told)
                await client.publish("lab/lamp/state", json.dumps(told), retain=True)

    task = asyncio.create_task(lamp())
    try:
        yield f"mqtt://127.0.0.1:{port}/lab/lamp", heard
    finally:
        task.cancel()
        await asyncio.wait([task])
        await broker.shutdown()


class _Pump(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path.removeprefix("/pump/pump-1/")
        if path == "broken":
            self._answer(500, "valve")
        elif path.startswith("actions/"):
            state = self.server.states.get(path.removeprefix("actions/"))
            self._answer(404, "never heard") if state is None else self._answer(200, {"is": state})
        elif path == "state":
            self._answer(200, {"rate": {"value": self.server.state["rate"]}})
        else:
            self._answer(200, {"name": "pump-1"})

    def do_PUT(self):
        parts = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if key := self.headers.get("Idempotency-Key"):
            self.server.states[key] = "completed"
        self.server.heard.append((parts.path.removeprefix("/pump/pump-1/"), asked))
        if asked.get("value") == "9.0":
            self._answer(422, "9 mL/min is too fast for this syringe")
            return
        self.server.state["rate"] = float(asked.get("value", "0").split()[0])
        self._answer(200, True)

    def _answer(self, code, told):
        body = json.dumps(told).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        return


@contextmanager
def http():
    """A pump as flowchem serves one: paths below its name, values as queries, JSON back."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pump)
    server.state, server.heard, server.states = {"rate": 1.0}, [], {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/pump/pump-1", server
    finally:
        server.shutdown()
        thread.join(5.0)
        server.server_close()
