"""OPC UA: nodes and methods of a server as reads and actions."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from labloop.errors import DefinitionError
from labloop.records import DeviceIdentity
from labloop_adapters.base import BlockingDevice, Refused, Signal, library
from labloop_adapters.base.node_table import Method, nodes_of
from labloop_adapters.base.signal_table import beside

__all__ = ["OpcUaDevice"]

EXTRA = "opcua"
_REFUSALS = {
    "BadArgumentsMissing",
    "BadInvalidArgument",
    "BadMethodInvalid",
    "BadNodeIdInvalid",
    "BadNodeIdUnknown",
    "BadNotExecutable",
    "BadNotImplemented",
    "BadNotSupported",
    "BadOutOfRange",
    "BadTooManyArguments",
    "BadTypeMismatch",
    "BadUserAccessDenied",
}
"""Status codes by which a server says that a method was not carried out (OPC UA part 4, 5.11)."""


class OpcUaDevice(BlockingDevice):
    """What stands in a server of OPC UA: ``url = "opc.tcp://192.0.2.1:4840"``.

    ``Signal("degC", get="ns=2;s=Bath.Temperature", set="ns=2;s=Bath.Setpoint", ge=5, le=95)``:
    both are ids of nodes. asyncua's client is :attr:`library`.

    The same as a file beside the driver, ``nodes = "bath.toml"``, a table a name: ``node`` is
    read, and set too with ``set = true`` (or where another node is set, ``set_node``), with
    ``unit``, ``kind`` (``integer``, ``flag``), ``ge``, ``le``, ``gt``, ``lt`` and ``doc``.
    ``method`` is called, with ``arguments`` in the order of the server, each with unit and
    limits; ``object`` has it, its parent unless said; ``seconds`` is its time-out. A method
    without arguments may stand in ``safe_calls``.
    """

    schemes = ("opc.tcp",)
    nodes: ClassVar[str] = ""
    """The file of its nodes, beside the driver."""
    methods: ClassVar[Mapping[str, Method]] = {}
    """Those of the file, by name."""
    timeout_seconds: ClassVar[float] = 4.0

    @classmethod
    def prepare(cls) -> None:
        """Read the file of nodes."""
        if vars(cls).get("nodes"):
            found = nodes_of(beside(cls, cls.nodes))
            cls.signals = {**found.signals, **vars(cls).get("signals", {})}
            cls.methods = found.methods
            for name, method in found.methods.items():
                if hasattr(OpcUaDevice, name):
                    raise DefinitionError(
                        f"{cls.__qualname__}: method {name!r} of {cls.nodes} has a name that "
                        "every device uses itself; choose another"
                    )
                if name not in vars(cls):
                    setattr(cls, name, method.member())
        wrong = [n for n in cls.safe_calls if n not in cls.methods or cls.methods[n].arguments]
        if cls.methods and wrong:
            raise DefinitionError(
                f"{cls.__qualname__}: safe_calls names {wrong[0]!r}, which is no method without "
                f"arguments in {cls.nodes}"
            )

    async def open(self) -> Any:
        """Return asyncua's client, connected."""
        # A request ends at the client's time-out, so a method needs one as long as itself.
        longest = max([self.timeout_seconds, *(each.seconds for each in self.methods.values())])
        client = library("asyncua", EXTRA).Client(self.transport.url, timeout=longest)
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
        try:
            await node.write_value(ua.DataValue(_typed(value, kind)))
        except ua.UaStatusCodeError as error:
            raise Refused(str(error)) from error

    async def carry_out(self, method: Method, given: Mapping[str, Any]) -> None:
        """Call a method of the server; in simulation it is noted and nothing else."""
        if self.is_modelled:
            await self.call(method.noted, **given, call_name=method.name)
            return
        call = self._method(method.name)
        await self.call(call, **given, call_name=method.name, seconds=method.seconds)

    def _method(self, name: str) -> Callable[..., Any]:
        method = self.methods.get(name)
        if method is None or self.is_modelled:
            return super()._method(name)

        async def called(**given: Any) -> Any:
            ua = library("asyncua.ua", EXTRA)
            try:
                return await self._call_method(method, given)
            except ua.UaStatusCodeError as error:
                if type(error).__name__ in _REFUSALS:
                    raise Refused(str(error)) from error
                raise

        return called

    async def _call_method(self, method: Method, given: Mapping[str, Any]) -> Any:
        """Call it with its arguments in the types that the server tells."""
        ua = library("asyncua.ua", EXTRA)
        type_of = library("asyncua.common.ua_utils", EXTRA).data_type_to_variant_type
        node = self.library.get_node(method.node)
        owner = self.library.get_node(method.object) if method.object else await node.get_parent()
        try:
            takes = await (await node.get_child("0:InputArguments")).read_value() or []
        except ua.uaerrors.BadNoMatch:
            takes = []
        if len(takes) != len(method.arguments):
            names = ", ".join(str(each.Name) for each in takes) or "none"
            raise Refused(
                f"the server's {method.node} takes {len(takes)} arguments ({names}), the table "
                f"has {len(method.arguments)}"
            )
        kinds = [await type_of(self.library.get_node(each.DataType)) for each in takes]
        told = [
            _typed(given[name], kind) for name, kind in zip(method.arguments, kinds, strict=True)
        ]
        return await owner.call_method(node.nodeid, *told)


def _typed(value: Any, kind: Any) -> Any:
    """Return a value as a variant of a type of OPC UA; a whole one is rounded."""
    whole = kind.name.startswith(("Int", "UInt", "Byte", "SByte"))
    told = round(value) if whole and not isinstance(value, bool) else value
    return library("asyncua.ua", EXTRA).Variant(told, kind)
