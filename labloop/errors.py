"""The one tree of exceptions that labloop raises.

Every message says what was asked, what came and what to do::

    LabloopError
    ├── DefinitionError            a definition a person wrote cannot be used
    │   ├── UnitError              an unknown unit, or a quantity of the wrong dimension
    │   ├── SpaceError             a parameter, constraint, pool or point
    │   ├── ObjectiveError         an output or an aim
    │   ├── PhysicsError           a physics model
    │   ├── CampaignFileError      a campaign file or its spec
    │   ├── UntrustedCodeError     code that came with a database from elsewhere
    │   └── LabFileError           a lab file
    ├── StoreError                 the database
    │   ├── DatabaseUnusableError  locked, foreign, newer, damaged or on a full disk
    │   ├── NameTakenError         a campaign of that name exists
    │   ├── NotFoundError          nothing of that name or id
    │   ├── StaleStateError        a conditional update found another state
    │   └── AppendOnlyError        something recorded was to be changed
    ├── DeviceError                an instrument
    │   ├── NotConnectedError      it cannot be reached (may gather several devices)
    │   ├── WrongDeviceError       another instrument answered
    │   ├── DeviceTimeoutError     no answer in time
    │   ├── ProtocolError          an answer that the protocol does not allow
    │   ├── DeviceFaultError       the instrument reports a fault
    │   ├── LimitError             an argument outside of a hard limit
    │   ├── InterlockError         a rule between devices forbids it
    │   ├── LeaseError             somebody else commands the device
    │   ├── DeviceInUseError       another running experiment uses the device
    │   └── UncertainError         it may or may not have happened
    ├── NotSafeError               something is not known to be in its safe state: go and look
    ├── ProcedureError             the procedure of one experiment
    │   ├── NotAwaitedError        an action was called and not awaited
    │   ├── BlockingCallError      the lab's loop was blocked
    │   ├── StockError             not enough is left of what an experiment uses up
    │   │   └── PlacesUsedUpError  no place is left that was not used already
    │   ├── SampleError            a sample cannot be there, or not be moved so
    │   ├── NoResultError          nothing, or something unusable, was returned
    │   ├── WorkError              a function, command, notebook or job failed
    │   │   └── WorkTimeoutError   it did not end in time
    │   └── ExperimentCancelled    the lab is stopping
    ├── AnalysisError              raw data could not be turned into outputs
    ├── BrainError                 no proposal can be made
    │   └── SpaceExhaustedError    every legal point was used
    ├── CampaignError              a campaign cannot go on, or not so
    ├── EngineError                Prefect or its server
    └── MissingExtraError          an optional part is not installed
"""


class LabloopError(Exception):
    """Root of everything that labloop raises on purpose."""


class DefinitionError(LabloopError):
    """A definition that a person wrote cannot be used."""


class UnitError(DefinitionError):
    """An unknown unit, or a quantity of the wrong dimension."""


class SpaceError(DefinitionError):
    """A parameter, constraint, pool or point that cannot be used."""


class ObjectiveError(DefinitionError):
    """An output or an aim that cannot be used."""


class PhysicsError(DefinitionError):
    """A physics model that cannot be used."""


class CampaignFileError(DefinitionError):
    """A campaign file, or the spec in it, that cannot be used."""


class UntrustedCodeError(DefinitionError):
    """Code that a database holds, which was not begun here and nobody here has vouched for."""


class LabFileError(DefinitionError):
    """A lab file that cannot be used."""


class StoreError(LabloopError):
    """The database could not do what was asked."""


class DatabaseUnusableError(StoreError):
    """The database is locked, foreign, newer, damaged or on a full disk."""


class NameTakenError(StoreError):
    """A campaign of that name and mode exists."""


class NotFoundError(StoreError):
    """Nothing of that name or id is stored."""


class StaleStateError(StoreError):
    """A conditional update found another state than the caller expected."""


class AppendOnlyError(StoreError):
    """Something recorded was to be changed or deleted."""


class DeviceError(LabloopError):
    """An instrument did not do what was asked."""

    device: str = ""
    """Its name in the lab file, where an action or a read of it raised this."""
    station: str = ""
    """The station at which an experiment used it; empty where it used it at none."""
    tries: int = 1
    """How often the action was sent."""
    harmless: bool = False
    """Whether the action may be sent again: it was not done, or does no harm twice."""


class NotConnectedError(DeviceError):
    """One or several devices cannot be reached."""


class WrongDeviceError(DeviceError):
    """Another instrument answered than the lab file names."""


class DeviceTimeoutError(DeviceError):
    """The device gave no answer in time."""


class ProtocolError(DeviceError):
    """The device's answer is not one that its protocol allows."""


class DeviceFaultError(DeviceError):
    """The instrument itself reports a fault."""


class LimitError(DeviceError):
    """An argument lies outside of a hard limit; no byte was sent."""


class InterlockError(DeviceError):
    """A rule between devices forbids the action; no byte was sent."""


class LeaseError(DeviceError):
    """Somebody else holds the right to command the device; no byte was sent."""


class DeviceInUseError(DeviceError):
    """Another running experiment uses the device, and would be spoiled; no byte was sent."""


class UncertainError(DeviceError):
    """The action may or may not have happened."""


class NotSafeError(LabloopError):
    """Something is not known to be in its safe state; a person has to go and look at it now."""


class ProcedureError(LabloopError):
    """The procedure of one experiment is at fault."""


class NotAwaitedError(ProcedureError):
    """An action was called and not awaited, so it never happened."""


class BlockingCallError(ProcedureError):
    """Code of a procedure blocked the lab's loop."""


class StockError(ProcedureError):
    """Not enough is left of what an experiment uses up, or it may not be used any more."""


class SampleError(ProcedureError):
    """A sample cannot be in that place, or not be moved in this way."""


class PlacesUsedUpError(StockError):
    """No place is left that was not used already; new ones must be put there."""


class NoResultError(ProcedureError):
    """A procedure returned nothing, or something that cannot be stored."""


class WorkError(ProcedureError):
    """A function, a command, a notebook or a cluster job failed, or ended before its result."""

    raised: frozenset[str] = frozenset()
    """Names of the classes of what was raised in another process; empty where nothing was."""


class WorkTimeoutError(WorkError, TimeoutError):
    """A function, a command, a notebook or a cluster job did not end in time."""


class ExperimentCancelled(ProcedureError):  # noqa: N818 - a cancellation is no error of anybody
    """The experiment was ended because the lab is stopping."""


class AnalysisError(LabloopError):
    """The analysis could not turn raw data into the declared outputs."""


class BrainError(LabloopError):
    """No proposal can be made."""


class SpaceExhaustedError(BrainError):
    """Every legal point of the space was used."""


class CampaignError(LabloopError):
    """The campaign cannot go on, or not in this way."""


class EngineError(LabloopError):
    """Prefect or its server could not do what was asked."""


class MissingExtraError(LabloopError):
    """An optional part of labloop is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra [{extra}], which is not installed; "
            f'install it from the project folder with: pip install -c constraints.txt ".[{extra}]"'
        )
        self.extra = extra
