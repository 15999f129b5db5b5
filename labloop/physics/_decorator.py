"""``@kinetics(...)``: a class of reactions becomes a physics model."""

from collections.abc import Callable, Mapping

from labloop.errors import PhysicsError
from labloop.physics._kinetics import Arrhenius, Kinetics, Rate


def kinetics(
    *,
    feed: Mapping[str, str],
    time: str,
    outputs: Mapping[str, str | tuple[str, str]],
    temperature: str | None = None,
) -> Callable[[type], Kinetics]:
    """Return a decorator that makes a physics model of a class of reactions.

    ::

        @kinetics(feed={"A": "concentration", "N": "equivalents*concentration"},
                  time="residence_time", temperature="temperature",
                  outputs={"product_yield": "P / A0"})
        class SNAr:
            k1 = Arrhenius("A + N -> P", k=Prior(30, "L/mol/min", fold=2.7),
                           Ea=Prior(45, "kJ/mol", rel=0.3), at="90 degC")

    Args:
        feed: species -> what is fed: a parameter, arithmetic of parameters, or a quantity
            such as ``0.1 mol/L``.
        time: the time in a vessel, or the residence time of plug flow.
        temperature: the temperature, constant during an experiment.
        outputs: output of the campaign -> arithmetic of species, fed amounts (``A0``) and
            inputs; ``("P", "mol/L")`` where it has a unit.

    Raises:
        PhysicsError: reactions, units or names that make no model, with what to write.
    """

    def decorate(cls: type) -> Kinetics:
        if not isinstance(cls, type):
            raise PhysicsError(f"@kinetics decorates a class of reactions, got {cls!r}")
        steps: dict[str, Arrhenius | Rate] = {}
        for label, step in vars(cls).items():
            if isinstance(step, (Arrhenius, Rate)):
                steps[label] = step
            elif not label.startswith("_"):
                raise PhysicsError(
                    f"{label!r} of kinetics {cls.__name__!r} is no reaction, got {step!r}; "
                    "write Arrhenius(...) or Rate(...)"
                )
        model = Kinetics(
            cls.__name__, steps, feed=feed, time=time, temperature=temperature, outputs=outputs
        )
        model.__doc__ = cls.__doc__
        return model

    return decorate
