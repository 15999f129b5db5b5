"""A run is stopped and looked at from any thread, before, while and after its loop runs."""

import threading

import pytest
from campaign_toys import create, write

from labloop.campaign.decisions.events import StopAsked
from labloop.campaign.loop import Stopped
from labloop.campaign.runs.handle import RunHandle


class Loop:
    """Notes what is posted to it."""

    def __init__(self):
        self.posted = []

    def post(self, event):
        """Note an event."""
        self.posted.append(event)


def test_a_stop_before_the_loop_runs_reaches_it_first():
    """Whoever stops while the lab is opened is not forgotten; the first reason is the one kept."""
    handle, loop, aborted = RunHandle(), Loop(), []
    handle.opening(aborted.append)
    handle.stop("enough")
    handle.stop("really")
    handle.running(loop)
    assert aborted == ["enough", "really"]
    assert handle.stop_reason == "enough"
    assert loop.posted == [StopAsked("enough", now=True)]


def test_a_signal_leaves_at_once_where_nothing_is_open():
    """With nothing to make safe the main thread is left; with an open lab the lab decides."""
    handle = RunHandle()
    with pytest.raises(Stopped, match="SIGTERM"):
        handle.on_signal("SIGTERM received")
    opened, aborted = RunHandle(), []
    opened.opening(aborted.append)
    opened.on_signal("SIGTERM received")
    assert aborted == ["SIGTERM received"]


def test_another_thread_never_leaves():
    """Only the main thread runs the campaign, so only it is left by an exception."""
    raised = []

    def stop():
        try:
            RunHandle().on_signal("SIGTERM received")
        except Stopped as error:
            raised.append(error)

    thread = threading.Thread(target=stop)
    thread.start()
    thread.join()
    assert raised == []


def test_before_the_loop_runs_the_phase_is_shown(repositories, tmp_path):
    """A person sees what takes its time, and no device or world before the lab is open."""
    campaign = create(repositories, write(tmp_path, "budget=Budget(experiments=1)"))
    handle = RunHandle()
    handle.phase = "opening the lab"
    snapshot = handle.snapshot(campaign.record)
    assert (snapshot.name, snapshot.mode, snapshot.doing) == ("tiny", "simulated", handle.phase)
    assert handle.activity() == {}
    assert handle.truth is None
