"""Figures and the HTML page of a campaign, and the pure data behind them.

From top to bottom: ``pages``, ``sections`` of the page, ``text`` (what is said in words),
``drawing`` (SVG), ``data`` (what is read). Read ``data/campaign.py`` first.
"""

from labloop.report.data import Attempt, LearnedConstant, MissingTerm, read_attempts
from labloop.report.pages import (
    Brief,
    CampaignResult,
    result,
    write_physics_curves,
    write_physics_fit,
    write_report,
)
from labloop.report.text import (
    AlarmBell,
    AlarmGroup,
    Best,
    BudgetUse,
    CampaignSummary,
    ConvergencePoint,
    Explanation,
    ProposalExplanation,
    alarm_subject,
    convergence,
    describe_constant,
    describe_member,
    describe_term,
    describe_uncertainty,
    doubts_of,
    explain,
    paragraph,
    percent,
    summary,
)

__all__ = [
    "AlarmBell",
    "AlarmGroup",
    "Attempt",
    "Best",
    "Brief",
    "BudgetUse",
    "CampaignResult",
    "CampaignSummary",
    "ConvergencePoint",
    "Explanation",
    "LearnedConstant",
    "MissingTerm",
    "ProposalExplanation",
    "alarm_subject",
    "convergence",
    "describe_constant",
    "describe_member",
    "describe_term",
    "describe_uncertainty",
    "doubts_of",
    "explain",
    "paragraph",
    "percent",
    "read_attempts",
    "result",
    "summary",
    "write_physics_curves",
    "write_physics_fit",
    "write_report",
]
