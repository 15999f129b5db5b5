"""Whether what a campaign needs calibrated is, found out before anything moves."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from labloop.campaign.definition import Definition
from labloop.errors import CampaignError
from labloop.lab import LabFile, load_lab_file, look_at_host
from labloop.records import Calibration, Mode, Repositories, calibration_age


def require_calibrations(
    repositories: Repositories, definition: Definition, mode: Mode, now: datetime | None = None
) -> None:
    """Raise CampaignError where a calibration that lab file or spec require is missing or overdue.

    Calibrations of a mode count in that mode alone.

    Args:
        repositories: where calibrations are kept.
        definition: the campaign.
        mode: simulated or real.
        now: the moment; today's if left out.
    """
    lab_file = lab_file_of_campaign(definition, mode)
    if lab_file is None:
        return
    required = required_calibrations(lab_file, definition.spec.calibrated)
    if not required:
        return
    known = repositories.calibrations.all(mode)
    missing = list(_missing(lab_file, required, known, now or datetime.now(UTC)))
    if missing:
        real = " --real" if mode is Mode.REAL else ""
        raise CampaignError(
            f"{'; '.join(missing)}. Nothing was sent; calibrate and write it down with: labloop "
            f"devices calibrate {lab_file.source} {next(iter(required)).replace('.', ' ')}{real}"
        )


def lab_file_of_campaign(definition: Definition, mode: Mode | None = None) -> LabFile | None:
    """Return the lab file of a campaign, or what its host tells in place of one; None without.

    Raises:
        LabFileError: it cannot be used.
        NotConnectedError: the host does not answer.
    """
    if definition.host is not None:
        return look_at_host(definition.host, mode).lab_file
    return None if definition.lab_file is None else load_lab_file(definition.lab_file)


def required_calibrations(
    lab_file: LabFile, of_procedure: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return ``device.quantity`` -> the ages at most that the lab file and the spec allow.

    Raises:
        CampaignError: the spec names a device that the lab does not have.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, table in lab_file.devices.items():
        for quantity, age in table.calibrated.items():
            found[f"{name}.{quantity}"] = (age,)
    for name, age in of_procedure.items():
        device = name.partition(".")[0]
        if device not in lab_file.devices:
            raise CampaignError(
                f"calibrated names {name!r}, but {lab_file.source} has no device {device!r}; it "
                f"has: {', '.join(lab_file.devices)}"
            )
        found[name] = (*found.get(name, ()), age)
    return found


def _missing(
    lab_file: LabFile,
    required: Mapping[str, tuple[str, ...]],
    known: Sequence[Calibration],
    now: datetime,
) -> Iterator[str]:
    for name, ages in required.items():
        device, _, quantity = name.partition(".")
        number = lab_file.devices[device].serial_number
        of_it = [each for each in known if each.is_of(device, quantity, number)]
        which = f"{name} (serial number {number})" if number else name
        age = min(ages, key=calibration_age)
        if not of_it:
            yield f"{which} needs a calibration not older than {age}, and none is recorded"
            continue
        newest = of_it[-1]
        days = (now - newest.performed).days
        if now - newest.performed > calibration_age(age):
            yield (
                f"{which} needs a calibration not older than {age}, and the newest is of "
                f"{newest.performed:%Y-%m-%d}, {days} days ago"
            )
        elif newest.is_overdue(now):
            yield f"the calibration of {which} was due on {newest.due:%Y-%m-%d}"
