"""What a campaign says in words: a summary, why each proposal, what is in doubt."""

from labloop.report.text.alarms import Doubt, doubts_of, subject
from labloop.report.text.explanation import (
    Explanation,
    constant_words,
    explain,
    mattering,
    member_words,
    missing_words,
    paragraph,
    percent,
    support_words,
    term_words,
)
from labloop.report.text.purpose import Purpose, shares, source_words, unsure
from labloop.report.text.summaries import (
    Best,
    BudgetUse,
    CampaignSummary,
    ConvergencePoint,
    convergence,
    history,
    on_the_front,
    summarise,
    summary,
)

__all__ = [
    "Best",
    "BudgetUse",
    "CampaignSummary",
    "ConvergencePoint",
    "Doubt",
    "Explanation",
    "Purpose",
    "constant_words",
    "convergence",
    "doubts_of",
    "explain",
    "history",
    "mattering",
    "member_words",
    "missing_words",
    "on_the_front",
    "paragraph",
    "percent",
    "shares",
    "source_words",
    "subject",
    "summarise",
    "summary",
    "support_words",
    "term_words",
    "unsure",
]
