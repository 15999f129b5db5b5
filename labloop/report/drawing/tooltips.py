"""What a pointer over a mark shows: the experiment in a few lines."""

from labloop.records import PointValue, ScalarValue
from labloop.report.data import CampaignData, ExperimentData, number, readable, unit_text, with_unit


def scalar_text(value: ScalarValue, digits: int = 3) -> str:
    """Return a measured value with its unit, and its standard deviation where known."""
    if value.sd is None:
        return with_unit(value.value, value.unit, digits)
    sign = unit_text(value.unit)
    text = f"{with_unit(value.value, '1', digits)} ± {with_unit(value.sd, '1', 2)}"
    return f"{text} {sign}" if sign else text


def condition_text(value: PointValue, unit: str) -> str:
    """Return one condition with its unit."""
    if isinstance(value, str):
        return value
    return f"{number(value, 4, exact=True)} {unit_text(unit)}".rstrip()


def tooltip(data: CampaignData, experiment: ExperimentData) -> str:
    """Return the lines for one experiment, joined by line feeds."""
    lines = [f"experiment {experiment.record.number}, {experiment.record.state}"]
    lines += [f"{readable(n)} {scalar_text(v)}" for n, v in experiment.scalars.items()]
    units = {axis.name: axis.unit for axis in data.axes}
    lines += [
        f"{readable(name)} {condition_text(value, units.get(name, '1'))}"
        for name, value in experiment.point.items()
    ]
    if experiment.remark:
        lines.append(experiment.remark)
    return "\n".join(lines)


def measured_by_model(experiment: ExperimentData) -> bool:
    """Return whether a model asked for the experiment, not a space-filling design or a person."""
    return bool(experiment.proposal and experiment.proposal.model)
