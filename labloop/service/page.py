"""The page of a host: its devices, who has them, whether they answer. No script, nothing loaded."""

import html
import time
from collections.abc import Iterable, Mapping
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --line: #d9dee7; --card: #fff;
  --back: #f4f6f9; --good: #14713f; --bad: #b42318; --busy: #175cd3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #333b49;
  --card: #1c222d; --back: #12161d; --good: #58c98b; --bad: #ff8a7a; --busy: #84b6ff; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--back); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 66rem; margin: 0 auto; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 2rem 0 .6rem; font-size: 1.1rem; }
p { margin: .3rem 0; }
.soft { color: var(--soft); }
.grid { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem 1rem; overflow-wrap: anywhere; }
.card h3 { margin: 0 0 .2rem; font-size: 1.05rem; display: flex; justify-content: space-between;
  gap: .6rem; }
.mark { font-size: .85rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .6rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; }
ul { padding-left: 1.2rem; } li { margin: .3rem 0; }
"""


def host_page(status: Mapping[str, Any]) -> str:
    """Return the page of a host, as HTML that loads itself anew every five seconds.

    Args:
        status: as ``HostView.status`` returns it.
    """
    name, now = _text(status["name"]), float(status["wall"])
    devices = "".join(_card(each, now) for each in status["devices"])
    stations = "".join(
        f"<li><b>{_text(each['kind'])}</b>: {_text(_holder(each['holder'], now))}</li>"
        for each in status["stations"]
    )
    notes = "".join(
        f'<li class="{_class_of(each["text"])}">{_text(_moment(each["time"]))}: '
        f"{_text(each['text'])}</li>"
        for each in reversed(status["notes"])
    )
    pace = "" if status["mode"] == "real" else f", lab time at speed {_text(status['speed'])}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="5">'
        f"<title>{name}: labloop host</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{name}</h1>"
        f'<p class="soft">The lab {_text(status["lab"])}, {_text(status["mode"])}{pace}. '
        f"Runs since {_text(_moment(status['since']))} as process {int(status['pid'])}, labloop "
        f"{_text(status['labloop'])}.</p>"
        f'<p class="soft">A campaign that is silent for {status["silence_seconds"]:g} s loses its '
        "devices; they are made safe then.</p>"
        f'<h2>Devices</h2><div class="grid">{devices}</div>'
        f"{_section('Stations', stations)}{_section('What happened', notes)}"
        "</main></body></html>"
    )


def _card(device: Mapping[str, Any], now: float) -> str:
    health, activity = device["health"], str(device["activity"])
    if not health["answers"]:
        mark, kind = "does not answer", "bad"
    elif activity != "idle":
        mark, kind = "busy", "busy"
    else:
        mark, kind = "answers", "good"
    number = f", {device['serial_number']}" if device["serial_number"] else ""
    rows = [("does", activity), ("held", _holder(device["holder"], now))]
    rows += [(str(each["read"]), _reading(each)) for each in device["latest"]]
    if health["why"]:
        rows.append(("why", str(health["why"])))
    shown = "".join(f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>" for key, value in rows)
    return (
        f'<section class="card"><h3>{_text(device["name"])}<span class="mark {kind}">{mark}</span>'
        f'</h3><p class="soft">{_text(device["model"] or device["driver"])}{_text(number)}</p>'
        f"<dl>{shown}</dl></section>"
    )


def _holder(holder: Mapping[str, Any] | None, now: float) -> str:
    if holder is None:
        return "free"
    minutes = max(now - float(holder["since"]), 0.0) / 60
    silent = float(holder["silent_seconds"])
    quiet = f", silent for {silent:.0f} s" if silent > 5 else ""
    state = ", being made safe" if holder["ending"] else quiet
    return (
        f"campaign {holder['campaign']} of {holder['user']} ({holder['place']}), for "
        f"{minutes:.0f} min{state}"
    )


def _reading(each: Mapping[str, Any]) -> str:
    if each["value"] is None:
        return f"no value ({each['quality']})"
    unit = "" if each["unit"] == "1" else f" {each['unit']}"
    doubt = "" if each["quality"] == "ok" else f" ({each['quality']})"
    return f"{each['value']:.6g}{unit}{doubt}, {float(each['age']):.0f} s ago"


def _section(title: str, items: Iterable[str]) -> str:
    content = "".join(items)
    return f"<h2>{title}</h2><ul>{content}</ul>" if content else ""


def _class_of(text: str) -> str:
    return "bad" if text.startswith("NOT SAFE") else ""


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _text(value: object) -> str:
    return html.escape(str(value))
