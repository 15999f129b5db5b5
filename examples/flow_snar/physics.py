"""What a chemist believes of the reaction: two steps, constants known within a factor."""

from labloop.physics import Arrhenius, Prior, kinetics


@kinetics(
    feed={"A": "concentration", "N": "equivalents*concentration"},
    time="residence_time",
    temperature="temperature",
    outputs={"product_yield": "P / A0", "impurity": "Bis / A0"},
)
class SNAr:
    """A + N -> P, and P + N -> Bis beside it."""

    k1 = Arrhenius(
        "A + N -> P",
        k=Prior(10, "L/mol/min", fold=2.7),
        Ea=Prior(60, "kJ/mol", rel=0.3),
        at="90 degC",
    )
    k2 = Arrhenius(
        "P + N -> Bis",
        k=Prior(1.0, "L/mol/min", fold=2.7),
        Ea=Prior(80, "kJ/mol", rel=0.3),
        at="90 degC",
    )
