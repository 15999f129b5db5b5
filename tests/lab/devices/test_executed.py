"""Promise: what an instrument says of an action is believed, and nothing is done to ask it."""

from pathlib import Path

import pytest
from lab_toys import Toy, toy_host

from labloop.errors import DeviceError
from labloop.lab import LabJob, ask_executed, can_tell
from labloop.records import ActionState
from labloop.units import quantity


class Told(Toy):
    """A toy that keeps the ids of what it did, and may get an action late."""

    async def executed(self, action_id):
        """Answer as the test says."""
        self.asked = [*getattr(self, "asked", ()), action_id]
        return self.answers.pop(0)


TABLES = {"devices": {"a": {"driver": "test_executed:Told"}}}


@pytest.fixture
def lab(monkeypatch):
    """Return an open lab of a campaign with a mark, and the device."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    with toy_host("a", tables=TABLES, mark="k3") as host:
        yield host


def asked(host, answers):
    async def ask(lab):
        lab.a.answers = list(answers)
        return await ask_executed(lab.a, "x-0001-a001"), lab.a.asked

    return host.call(ask)


def test_only_a_driver_that_says_so_is_asked():
    """Most instruments cannot tell."""
    assert can_tell(Told)
    assert not can_tell(Toy)


def test_that_nothing_came_is_believed_at_the_second_time(lab):
    """Bytes of a dead process may be on their way at the first."""
    began = lab.now()
    late = asked(lab, [ActionState.NOT_SENT, ActionState.DONE])
    assert late[0] is ActionState.DONE
    assert lab.now() - began >= 1
    assert late[1] == ["x-0001-a001.k3"] * 2


def test_other_answers_are_believed_at_once(lab):
    """Also that it cannot say."""
    for state in (ActionState.DONE, ActionState.INTENT, ActionState.UNCERTAIN):
        assert asked(lab, [state])[0] is state


def test_an_answer_that_is_no_state_is_told(lab):
    """An author returns True."""
    with pytest.raises(DeviceError, match=r"executed\(\) must return an ActionState.* got True"):
        asked(lab, [True])


def test_an_action_knows_the_id_under_which_it_is_asked_for(lab):
    """The id of its intent, with the mark of the campaign in its database."""
    seen = []

    async def work(lab):
        original = lab.a.transport.exchange

        async def exchange(frame, **given):
            seen.append(lab.a.action_id)
            return await original(frame, **given)

        lab.a.transport.exchange = exchange
        await lab.a.set_value(quantity(2, "mL/min"))
        return {"outside": lab.a.action_id}

    [found] = lab.run([LabJob("x-0001", work)])
    assert found == {"outside": ""}
    assert seen == ["x-0001-a001.k3"]
