"""What a campaign says in words: a summary, why each proposal, what is in doubt."""

from labloop.report.text.alarms import AlarmGroup, alarm_subject, campaign_alarms
from labloop.report.text.explanation import (
    Explanation,
    describe_constant,
    describe_member,
    describe_missing,
    describe_support,
    describe_term,
    explain,
    paragraph,
    percent,
    relevant_terms,
)
from labloop.report.text.purpose import (
    ProposalExplanation,
    describe_sources,
    describe_uncertainty,
    source_shares,
)
from labloop.report.text.summaries import (
    Best,
    BudgetUse,
    CampaignSummary,
    ConvergencePoint,
    convergence,
    convergence_points,
    pareto_front,
    summarise,
    summary,
)

__all__ = [
    "AlarmGroup",
    "Best",
    "BudgetUse",
    "CampaignSummary",
    "ConvergencePoint",
    "Explanation",
    "ProposalExplanation",
    "alarm_subject",
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
    "explain",
    "paragraph",
    "pareto_front",
    "percent",
    "relevant_terms",
    "source_shares",
    "summarise",
    "summary",
]
