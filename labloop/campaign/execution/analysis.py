"""Raw data into outputs, by the campaign's own pure function."""

import hashlib
import inspect
from collections.abc import Mapping

from labloop.campaign.definition import CampaignSpec
from labloop.campaign.execution.outputs import for_analysis, to_outputs
from labloop.errors import AnalysisError, LabloopError
from labloop.records import Measurement, OutputValue, RawValue


class Analysis:
    """Applies a spec's ``analyse``; the same raw data always gives the same outputs."""

    def __init__(self, spec: CampaignSpec) -> None:
        self._analyse = spec.analyse
        self._declared = tuple(spec.outputs)
        self.fingerprint = _fingerprint(spec)
        """Which code made an output: name of the function and hash of its source."""

    def outputs(self, measurement: Measurement | None) -> Mapping[str, OutputValue]:
        """Return the declared outputs; raises AnalysisError with the reason."""
        if measurement is None:
            raise AnalysisError("no raw data was stored, so there is nothing to analyse")
        if self._analyse is None:
            return to_outputs(self._returned(measurement), self._declared)
        try:
            return to_outputs(self._analyse(for_analysis(measurement)), self._declared)
        except AnalysisError:
            raise
        except LabloopError as error:
            raise AnalysisError(str(error)) from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a person's code may raise anything, also by sys.exit
            raise AnalysisError(f"analyse failed with {type(error).__name__}: {error}") from error

    def _returned(self, measurement: Measurement) -> dict[str, RawValue]:
        """Return the outputs that the procedure returned; what else it returned stays raw data."""
        names, raw = [output.name for output in self._declared], measurement.raw
        missing = [name for name in names if name not in raw]
        if missing:
            raise AnalysisError(
                f"the procedure returned {', '.join(raw)} and not the declared output "
                f"{', '.join(missing)}; return a value for each of {names}"
            )
        return {name: raw[name] for name in names}


def _fingerprint(spec: CampaignSpec) -> str:
    if spec.analyse is None:
        return "none"
    name = getattr(spec.analyse, "__name__", "analyse")
    try:
        source = inspect.getsource(spec.analyse)
    except (OSError, TypeError):
        source = repr(spec.analyse)
    return f"{name}:{hashlib.sha256(source.encode()).hexdigest()[:16]}"
