"""A section of the report: how many experiments there are in each state.

Copy into ``labloop/report/sections/``, and tell these of it: the wing's face
``labloop/report/sections/__init__.py``, the order of the page in ``labloop/report/pages/html.py``,
and a test below ``tests/report/pages/``. What is read belongs into ``labloop/report/data``, what is
said in words into ``labloop/report/text``; a section only draws.
"""

from collections import Counter

from labloop.report.data import CampaignData
from labloop.report.drawing import el
from labloop.report.sections.section import Section, missing_section

TITLE = "Experiments by state"


def states_section(data: CampaignData) -> Section:
    """Return the section with a row for each state that there is."""
    counts = Counter(trial.record.state.value for trial in data.experiments)
    if not counts:
        return missing_section("states", TITLE, "No experiment has been planned yet.")
    rows = [
        el("tr", el("th", state, scope="row"), el("td", str(count), class_="num"))
        for state, count in counts.most_common()
    ]
    body = el("table", el("tbody", rows))
    return Section("states", TITLE, "How the experiments stand or ended.", body)
