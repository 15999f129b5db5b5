"""Experiments that a person carries out: asked for, told by a table, corrected, withdrawn.

Here belongs what a person says of experiments while no loop runs. What is said to a running
campaign is a command, see ``loop/inbox.py``. Read ``asking.py`` and ``telling.py`` first; a table
goes from ``table_file`` over ``columns`` to ``row_reader``.
"""

from labloop.campaign.by_hand.asking import ask, rank, update_definition
from labloop.campaign.by_hand.candidate_tables import read_candidates, write_ranking
from labloop.campaign.by_hand.corrections import (
    correct,
    describe_actual,
    find_experiment,
    withdraw,
)
from labloop.campaign.by_hand.reanalysis import reanalyse
from labloop.campaign.by_hand.result_tables import read_results, write_proposals
from labloop.campaign.by_hand.telling import tell

__all__ = [
    "ask",
    "correct",
    "describe_actual",
    "find_experiment",
    "rank",
    "read_candidates",
    "read_results",
    "reanalyse",
    "tell",
    "update_definition",
    "withdraw",
    "write_proposals",
    "write_ranking",
]
