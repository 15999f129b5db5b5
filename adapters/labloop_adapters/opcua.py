"""OPC UA: nodes of a server as reads and actions."""

from typing import Any, ClassVar

from labloop.records import DeviceIdentity
from labloop_adapters.base import BlockingDevice, Refused, Signal, library

__all__ = ["OpcUaDevice"]

EXTRA = "opcua"


class OpcUaDevice(BlockingDevice):
    """What stands in a server of OPC UA: ``url = "opc.tcp://192.0.2.1:4840"``.

    ``Signal("degC", get="ns=2;s=Bath.Temperature", set="ns=2;s=Bath.Setpoint", ge=5, le=95)``:
    both are ids of nodes. asyncua's client is :attr:`library`.
    """

    schemes = ("opc.tcp",)
    timeout_seconds: ClassVar[float] = 4.0

    async def open(self) -> Any:
        """Return asyncua's client, connected."""
        client = library("asyncua", EXTRA).Client(self.transport.url, timeout=self.timeout_seconds)
        await client.connect()
        return client

    async def shut(self) -> None:
        """End the session."""
        await self.library.disconnect()

    async def who(self) -> DeviceIdentity:
        """Ask the server what it is; the product's name is the model, where none is declared."""
        ids = library("asyncua.ua", EXTRA).ObjectIds
        info = await self.library.get_node(ids.Server_ServerStatus_BuildInfo).read_value()
        model = self.model or str(info.ProductName or info.ManufacturerName or "OPC UA server")
        return self.identity(model, firmware=str(info.SoftwareVersion or ""))

    async def get_signal(self, signal: Signal) -> Any:
        """Read the node."""
        return await self.library.get_node(signal.get).read_value()

    async def set_signal(self, signal: Signal, value: Any) -> None:
        """Write the node, in the type that it has."""
        ua = library("asyncua.ua", EXTRA)
        node = self.library.get_node(signal.set)
        kind = await node.read_data_type_as_variant_type()
        whole = kind.name.startswith(("Int", "UInt", "Byte", "SByte"))
        told = round(value) if whole and not isinstance(value, bool) else value
        try:
            await node.write_value(ua.DataValue(ua.Variant(told, kind)))
        except ua.UaStatusCodeError as error:
            raise Refused(str(error)) from error
