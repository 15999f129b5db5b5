"""``@kinetics(...)``: a class of reactions becomes a physics model."""

from collections.abc import Callable, Mapping

from labloop.errors import PhysicsError
from labloop.physics.language import By, CoefficientLike, Course, Profile
from labloop.physics.models import Outputs
from labloop.physics.reactions.dosing import Dose
from labloop.physics.reactions.kinetic_models import Kinetics, Reactor
from labloop.physics.reactions.laws import LAWS, Law


def kinetics(
    *,
    feed: Mapping[str, CoefficientLike],
    time: CoefficientLike,
    outputs: Outputs,
    temperature: CoefficientLike | Profile | None = None,
    dose: Dose | None = None,
    reactor: Reactor = "tube",
    curves: Mapping[str, Course] | None = None,
    lookup: Mapping[str, By] | None = None,
    steps: int | None = None,
    tanks: int = 1,
    bodenstein: CoefficientLike | None = None,
    units: Mapping[str, str] | None = None,
) -> Callable[[type], Kinetics]:
    """Return a decorator that makes a physics model of a class of reactions.

    ::

        @kinetics(feed={"A": "concentration", "N": "equivalents*concentration"},
                  time="residence_time", temperature="temperature",
                  outputs={"product_yield": "P / A0"})
        class SNAr:
            k1 = Arrhenius("A + N -> P", k=Prior(30, "L/mol/min", fold=2.7),
                           Ea=Prior(45, "kJ/mol", rel=0.3), at="90 degC")

    Wherever a number belongs a :class:`Prior` makes it learned, a text reads or fixes it, and
    :class:`By` takes it from a category.

    Args:
        feed: species -> what is fed: a parameter, arithmetic of parameters, or a quantity
            such as ``0.1 mol/L``.
        time: the time in a vessel, or the residence time of plug flow.
        temperature: the temperature, constant during an experiment, or a :class:`Profile`.
        outputs: output of the campaign -> arithmetic of species, fed amounts (``A0``) and
            inputs; ``("P", "mol/L")`` where it has a unit; or a scalar of a curve.
        dose: a solution that is dosed while the reaction runs.
        reactor: ``tube`` (a vessel, or plug flow), ``cstr`` (stirred, with a feed and an
            outflow) or ``dispersed`` (a tube whose content mixes along it). The last two are
            solved at their steady state; ``time`` is the mean residence time.
        curves: curve of the campaign -> a time course.
        lookup: a name for arithmetic -> its number by category.
        steps: how many steps time is cut into (20, or 60 where rates grow in time), or cells a
            dispersed tube (24).
        tanks: how many tanks of a ``cstr`` stand in series; ``time`` is that of all.
        bodenstein: the Bodenstein number u L / D of a ``dispersed`` tube: 0 is stirred, 100 nearly
            plug flow. Above twice the cells it counts as that.
        units: species -> its unit where it is no concentration: a mass, a thickness, a moisture, a
            temperature. Its rate is a :class:`RateLaw` in that unit over time.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    def decorate(cls: type) -> Kinetics:
        laws: dict[str, Law] = {}
        for label, law in declared_in(cls, "kinetics"):
            if not isinstance(law, LAWS):
                raise PhysicsError(
                    f"{label!r} of kinetics {cls.__name__!r} is no reaction, got {law!r}; "
                    "write Arrhenius(...) or Rate(...)"
                )
            laws[label] = law
        model = Kinetics(
            cls.__name__,
            laws,
            feed=feed,
            time=time,
            temperature=temperature,
            outputs=outputs,
            dose=dose,
            reactor=reactor,
            curves=curves,
            lookup=lookup,
            steps=steps,
            tanks=tanks,
            bodenstein=bodenstein,
            units=units,
        )
        model.__doc__ = cls.__doc__
        return model

    return decorate


def declared_in(cls: object, kind: str) -> list[tuple[str, object]]:
    """Return label -> reaction of a decorated class; raises PhysicsError where it is no class."""
    if not isinstance(cls, type):
        raise PhysicsError(f"@{kind} decorates a class of reactions, got {cls!r}")
    return [(label, value) for label, value in vars(cls).items() if not label.startswith("_")]
