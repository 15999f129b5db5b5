"""MQTT: topics as reads and actions."""

import asyncio
import json
import time
from typing import Any, ClassVar

from labloop_adapters.base import BlockingDevice, Signal, library

__all__ = ["MqttDevice"]

EXTRA = "mqtt"


class MqttDevice(BlockingDevice):
    """What publishes on a broker: ``url = "mqtt://192.0.2.1:1883/bath"``.

    ``Signal("degC", get="temperature", set="setpoint/set", ge=5, le=95)``: topics below the path of
    the url. A message is a number, or JSON of which ``get="state#temperature"`` takes one
    key. A read is the message that came last; one that is older than ``max_age`` is not told.
    """

    schemes = ("mqtt",)
    max_age: ClassVar[float] = 60.0
    """Seconds after which a message says nothing about now."""
    first_seconds: ClassVar[float] = 5.0
    """How long the first message of a topic is waited for."""

    async def open(self) -> Any:
        """Return aiomqtt's client, connected and subscribed."""
        place, _, prefix = self.address.partition("/")
        host, _, port = place.rpartition(":")
        client = library("aiomqtt", EXTRA).Client(host or place, int(port) if host else 1883)
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._came: dict[str, tuple[float, Any]] = {}
        self._news = asyncio.Condition()
        await client.__aenter__()
        for topic in {self._topic(each.get) for each in self.signals.values() if each.get}:
            await client.subscribe(topic)
        self._listening = asyncio.create_task(self._listen(client))
        return client

    async def shut(self) -> None:
        """Leave the broker."""
        self._listening.cancel()
        await self.library.__aexit__(None, None, None)

    async def get_signal(self, signal: Signal) -> Any:
        """Return what was published last, of a first message that is waited for."""
        topic, _, key = signal.get.partition("#")
        topic = self._topic(topic)
        async with asyncio.timeout(self.first_seconds), self._news:
            await self._news.wait_for(lambda: topic in self._came or self._listening.done())
        if self._listening.done():
            raise ConnectionError(f"the broker of {self.transport.url} has gone")
        when, told = self._came[topic]
        age = time.monotonic() - when
        if age > self.max_age:
            raise TimeoutError(f"the last message of {topic} is {age:.0f} s old")
        return told[key] if key else told

    async def set_signal(self, signal: Signal, value: Any) -> None:
        """Publish the value; the broker confirms that it has it."""
        topic, _, key = signal.set.partition("#")
        payload = json.dumps({key: value} if key else value)
        await self.library.publish(self._topic(topic), payload, qos=1)

    async def _listen(self, client: Any) -> None:
        try:
            async for message in client.messages:
                told = _read(message.payload)
                async with self._news:
                    self._came[str(message.topic)] = (time.monotonic(), told)
                    self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()

    def _topic(self, topic: str) -> str:
        return self._prefix + topic.partition("#")[0]


def _read(payload: Any) -> Any:
    """Return what a message says: JSON, else its text."""
    text = bytes(payload).decode("utf-8", "replace") if payload is not None else ""
    try:
        return json.loads(text)
    except ValueError:
        return text
