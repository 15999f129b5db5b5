"""Promise: the verbs of this package refuse what cannot be served."""

import pytest

from labloop.errors import CampaignError
from labloop_workflows import verbs


def test_two_served_campaigns_of_one_name_are_refused(tmp_path):
    """The form starts a campaign by its name, so one name cannot stand for two files."""
    text = (
        "from labloop import *\n"
        "campaign = CampaignSpec('same', SearchSpace(Continuous('x', 0, 1)),\n"
        "    outputs=[Scalar('y')], objective=Maximize('y'))\n"
    )
    files = [tmp_path / "one.py", tmp_path / "two.py"]
    for file in files:
        file.write_text(text)
    with pytest.raises(CampaignError, match="'same' is the name of two of these campaigns"):
        verbs.serve(files)
