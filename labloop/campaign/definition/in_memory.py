"""The definition of a spec that was made in a notebook or a script, not read from a file."""

import inspect
import sys
from pathlib import Path

from labloop.campaign.definition.definition import Definition
from labloop.campaign.definition.installed_versions import versions
from labloop.campaign.definition.loading import definition_of_script
from labloop.campaign.definition.spec import CampaignSpec
from labloop.campaign.definition.user_code import code_of, name_of
from labloop.errors import CampaignError, CampaignFileError
from labloop.records import Bundle, content_hash


def define_campaign(spec: CampaignSpec) -> Definition:
    """Return the definition of ``spec``, with as much of its code as can be had.

    A script is kept like a campaign file, with what it uses of its folder. A notebook has no
    file: the source of the spec's functions is kept, and it cannot be resumed without them.

    Raises:
        CampaignError: nothing in it carries experiments out.
        CampaignFileError: physics or a lab is named by a file, and there is no folder for it.
    """
    if spec.procedure is None:
        raise CampaignError(
            f"campaign {spec.name!r} has no procedure, so nothing can carry it out; give it "
            "procedure=, or ask and tell a labloop.Brain by hand"
        )
    script = _script_of(spec)
    if script is not None:
        return definition_of_script(spec, script)
    if spec.lab is not None or any(isinstance(one, str) for one in spec.competing):
        raise CampaignFileError(
            f"campaign {spec.name!r} names files (lab, physics) and was not made in a file itself; "
            "write it into a campaign.py beside them, and run that"
        )
    files = _sources(spec)
    as_json = spec.to_json()
    made = Bundle(
        spec=as_json,
        files=files,
        entry="",
        versions=versions(),
        sha256=content_hash([as_json, [[name, files[name].hex()] for name in sorted(files)]]),
    )
    return Definition(spec, Path.cwd(), made)


def _script_of(spec: CampaignSpec) -> Path | None:
    """Return the file that the procedure was written in; None for a notebook or a prompt."""
    code = code_of(spec.procedure)
    if code is None:
        # A command or a notebook was written by the script that runs.
        file = Path(getattr(sys.modules["__main__"], "__file__", None) or "")
        return file.resolve() if file.suffix == ".py" and file.is_file() else None
    try:
        file = Path(inspect.getsourcefile(code) or "")
    except TypeError:
        return None
    # A notebook's cell has the name of a file that is nowhere.
    return file.resolve() if file.suffix == ".py" and file.is_file() else None


def _sources(spec: CampaignSpec) -> dict[str, bytes]:
    """Return the source of each of the spec's functions, as far as Python still has it."""
    found = {}
    for function in (spec.procedure, spec.analyse, spec.cost):
        try:
            text = inspect.getsource(code_of(function))
        except (OSError, TypeError):
            continue
        found[f"{name_of(function) or 'function'}.py".lstrip("<")] = text.encode()
    return found
