"""Promise: a console that is closed waits for the safe state, told with a stand-in for Windows."""

import ctypes
import importlib.util
import sys
import threading
import types

import pytest

from labloop.lab.process import platform as _platform


class Kernel:
    """Keeps whom Windows would call."""

    def __init__(self):
        self.handlers = []

    def SetConsoleCtrlHandler(self, handler, add):  # noqa: N802 - Windows' own name
        """Add or remove a handler."""
        self.handlers.append(handler) if add else self.handlers.remove(handler)
        return True


@pytest.fixture
def windows(monkeypatch):
    """Return the platform module as Windows would load it, and its kernel."""
    kernel = Kernel()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", types.SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", lambda *_: lambda f: f, raising=False)
    monkeypatch.setitem(sys.modules, "msvcrt", types.ModuleType("msvcrt"))
    spec = importlib.util.spec_from_file_location("labloop_windows", _platform.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.undo()
    monkeypatch.setattr(
        module.ctypes, "windll", types.SimpleNamespace(kernel32=kernel), raising=False
    )
    monkeypatch.setattr(module.ctypes, "WINFUNCTYPE", lambda *_: lambda f: f, raising=False)
    return module, kernel


@pytest.mark.parametrize(("event", "name"), [(2, "CTRL_CLOSE"), (5, "CTRL_LOGOFF")])
def test_a_closed_console_waits_for_the_safe_state(windows, event, name):
    """Promise: Windows' question is answered only when the block was left."""
    module, kernel = windows
    ended, answers = [], []
    with module.console_closing(ended.append):
        [handler] = kernel.handlers
        thread = threading.Thread(target=lambda: answers.append(handler(event)))
        thread.start()
        thread.join(0.2)
        assert (ended, answers) == ([name], [])
    thread.join(5)
    assert answers == [True]
    assert kernel.handlers == []


def test_ctrl_c_is_left_to_python(windows):
    """Promise: events that are signals come as signals."""
    module, kernel = windows
    ended = []
    with module.console_closing(ended.append):
        assert kernel.handlers[0](0) is False
    assert ended == []
