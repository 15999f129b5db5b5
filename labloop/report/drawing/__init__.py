"""Drawing: charts, scales and markup that is escaped by construction.

Here belongs what several sections draw with. What one section shows belongs into ``sections``.
Read ``charts.py`` first.
"""

from labloop.report.drawing.charts import (
    Panel,
    cross,
    desk_and_phone,
    legend,
    path,
    ramp,
    shade,
    steps,
)
from labloop.report.drawing.gantt import gantt
from labloop.report.drawing.markup import Child, Markup, el, join
from labloop.report.drawing.scales import Scale, time_unit, whole_ticks
from labloop.report.drawing.tooltips import condition_text, measured_by_model, scalar_text, tooltip

__all__ = [
    "Child",
    "Markup",
    "Panel",
    "Scale",
    "condition_text",
    "cross",
    "desk_and_phone",
    "el",
    "gantt",
    "join",
    "legend",
    "measured_by_model",
    "path",
    "ramp",
    "scalar_text",
    "shade",
    "steps",
    "time_unit",
    "tooltip",
    "whole_ticks",
]
