"""What a campaign says in words: a summary, the explanation of a round, its alarms.

Here belong pure values and sentences that terminal and page share; none of them draws. Read
``summary.py`` and ``explanation.py`` first.
"""

from labloop.report.text.alarms import (
    AlarmBell,
    AlarmGroup,
    alarm_subject,
    campaign_alarms,
    doubts_of,
)
from labloop.report.text.convergence import (
    ConvergencePoint,
    convergence,
    convergence_points,
    pareto_front,
)
from labloop.report.text.descriptions import (
    describe_constant,
    describe_member,
    describe_missing,
    describe_support,
    describe_term,
    percent,
    relevant_terms,
)
from labloop.report.text.explanation import Explanation, explain, paragraph
from labloop.report.text.proposals import ProposalExplanation
from labloop.report.text.schedule import (
    came_true,
    forecast_words,
    letter_bar,
    schedule_lines,
)
from labloop.report.text.summary import Best, BudgetUse, CampaignSummary, summarise, summary
from labloop.report.text.uncertainty import describe_sources, describe_uncertainty, source_shares

__all__ = [
    "AlarmBell",
    "AlarmGroup",
    "Best",
    "BudgetUse",
    "CampaignSummary",
    "ConvergencePoint",
    "Explanation",
    "ProposalExplanation",
    "alarm_subject",
    "came_true",
    "campaign_alarms",
    "convergence",
    "convergence_points",
    "describe_constant",
    "describe_member",
    "describe_missing",
    "describe_sources",
    "describe_support",
    "describe_term",
    "describe_uncertainty",
    "doubts_of",
    "explain",
    "forecast_words",
    "letter_bar",
    "paragraph",
    "pareto_front",
    "percent",
    "relevant_terms",
    "schedule_lines",
    "source_shares",
    "summarise",
    "summary",
]
