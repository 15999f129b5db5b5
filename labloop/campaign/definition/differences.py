"""What differs between two bundles, in words."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from labloop.campaign.definition.bundle_files import bundle_files
from labloop.campaign.definition.definition import CHANGES
from labloop.errors import CampaignFileError, ObjectiveError
from labloop.objectives import Objectives
from labloop.records import Bundle, Json

_LISTS = ("space", "outputs")
"""What a spec lists item by item, so that a difference is told of each."""


CAMPAIGN_FILE_KEY = "campaign file"
"""Kept beside the versions: where the campaign file lay when it was loaded."""


def changed_files(bundle: Bundle) -> tuple[str, list[str]]:
    """Return where a bundle's campaign file lay, and which files there have changed since.

    Nothing is loaded; nothing has changed where the folder is gone, or is another machine's.
    """
    file = Path(bundle.versions.get(CAMPAIGN_FILE_KEY, ""))
    if not bundle.entry or not file.is_file():
        return "", []
    try:
        now = replace(bundle, files=bundle_files(file, bundle.files))
    except (CampaignFileError, OSError) as error:
        return str(file), [f"its folder cannot be compared: {error}"]
    return str(file), bundle_differences(bundle, now)


def bundle_differences(stored: Bundle, now: Bundle) -> list[str]:
    """Return in words which files changed between two bundles; empty where none did."""
    lines = [f"{name} is new" for name in sorted(now.files.keys() - stored.files.keys())]
    lines += [f"{name} is gone" for name in sorted(stored.files.keys() - now.files.keys())]
    lines += [
        f"{name} has changed"
        for name in sorted(stored.files.keys() & now.files.keys())
        if stored.files[name] != now.files[name]
    ]
    if stored.spec != now.spec:
        # What was changed by words shows in what it changed.
        named = now.spec.keys() - {CHANGES}
        keys = sorted(k for k in named if now.spec.get(k) != stored.spec.get(k))
        parts = [_change(k, stored.spec.get(k), now.spec[k]) for k in keys if k not in _LISTS]
        items = {k: item_changes(stored.spec.get(k), now.spec.get(k)) for k in _LISTS}
        parts += [f"{key} ({'; '.join(changes)})" for key, changes in items.items() if changes]
        lines.append(f"the spec differs in {', '.join(parts)}")
    return lines


def _change(key: str, before: Json, after: Json) -> str:
    """Return a key with both of its values, where they can be read at a glance."""
    if key == "objective":
        return f"what is wanted ({_wanted(before)} -> {_wanted(after)})"
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        fields = [f for f in after if before.get(f) != after[f]]
        return ", ".join(_change(f"{key} of {f}", before.get(f), after[f]) for f in fields) or key
    values = f"{before} -> {after}"
    return f"{key} ({values})" if len(values) < 100 else key


def _wanted(objective: Any) -> str:
    """Return a stored objective in words."""
    try:
        return str(Objectives.from_spec(objective))
    except ObjectiveError:
        return "what another version wrote"


def item_changes(before: Json, after: Json) -> list[str]:
    """Return which parameters, or outputs, are new, gone or declared otherwise."""
    old, new = _items(before), _items(after)
    lines = [f"{name} is new" for name in new if name not in old]
    lines += [f"{name} is gone" for name in old if name not in new]
    for name in (name for name in new if name in old and old[name] != new[name]):
        fields = [f for f in new[name] if new[name].get(f) != old[name].get(f)]
        changes = [_change(f, old[name].get(f), new[name][f]) for f in fields]
        lines.append(f"{name}: {', '.join(changes)}")
    return lines


def _items(declared: Json) -> dict[str, Mapping[str, Json]]:
    """Return name -> declaration of what a spec lists; one without a name has its kind."""
    listed: Any = declared.get("items", ()) if isinstance(declared, Mapping) else declared or ()
    return {
        str(item.get("name") or f"{item.get('type', 'item')} {i}"): item
        for i, item in enumerate(listed)
    }
