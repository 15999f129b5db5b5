"""Reaction networks from files: SBML, and Antimony that becomes SBML.

The file's numbers keep its own units: concentrations and times are divided by one of each before
they enter its laws, so that a law needs no units of its own.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labloop.errors import MissingExtraError, PhysicsError
from labloop.physics.language import CoefficientLike, Prior, Shared
from labloop.physics.models import Outputs
from labloop.physics.reactions.kinetic_models import Kinetics, Reactor
from labloop.physics.reactions.laws import Law
from labloop.physics.reactions.own_laws import RateLaw

_CONCENTRATION, _TIME = "concentration_unit_", "time_unit_"
_RESERVED = {"T", "R"}
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_XML = (".xml", ".sbml")


def read_network(
    file: str | Path,
    *,
    feed: Mapping[str, CoefficientLike],
    time: CoefficientLike,
    outputs: Outputs,
    learn: Mapping[str, float | Prior] | None = None,
    concentration: str = "mol/L",
    time_unit: str = "s",
    reactor: Reactor = "tube",
    steps: int | None = None,
) -> Kinetics:
    """Return the physics of a reaction network that a file describes.

    ::

        model = read_network("pathway.xml", feed={"A": "amount"}, time="minutes",
                             outputs={"y": "P / A0"}, learn={"k1": 3, "Km": 2})

    Args:
        file: SBML (``.xml``, ``.sbml``), else Antimony.
        feed: species -> what is fed, as for :func:`kinetics`; others start with what the file
            says of them.
        time: as for :func:`kinetics`.
        outputs: as for :func:`kinetics`, of the file's species.
        learn: parameter of the file -> the factor within which its value is known (one standard
            deviation), or a :class:`Prior` without unit, in the file's numbers. All others are
            known.
        concentration: the unit of the file's concentrations.
        time_unit: the unit of its times.
        reactor: as for :func:`kinetics`.
        steps: as for :func:`kinetics`.

    Raises:
        PhysicsError: a file that cannot be read, or that has what a vessel with reactions has not
            (events, rules, several compartments), with the name in the file.
        MissingExtraError: without the extra ``sbml``.
    """
    network = _Network(Path(file), concentration, time_unit)
    unknown = [s for s in feed if s not in network.start]
    if unknown:
        raise PhysicsError(
            f"{network.place} has no species {', '.join(unknown)} that changes; "
            f"it has {', '.join(network.start)}"
        )
    laws = network.laws(learn or {})
    start = {s: f"{value!r} {concentration}" for s, value in network.start.items() if value > 0}
    return Kinetics(
        Path(file).stem,
        laws,
        feed={**start, **feed},
        time=time,
        outputs=outputs,
        reactor=reactor,
        steps=steps,
    )


class _Network:
    """What a file says: species with what there is of them, parameters, reactions."""

    def __init__(self, path: Path, concentration: str, time_unit: str) -> None:
        self.place = path.name
        self._units = {_CONCENTRATION: f"1 {concentration}", _TIME: f"1 {time_unit}"}
        self._model = _model(path)
        self._refuse_what_has_no_place()
        self._size = self._only_compartment()
        self.start: dict[str, float] = {}
        self._constants: dict[str, float] = {}
        for species in self._model.getListOfSpecies():
            kept = species.getBoundaryCondition() or species.getConstant()
            value = (
                _amount(species) / self._size
                if not species.isSetInitialConcentration()
                else (species.getInitialConcentration())
            )
            (self._constants if kept else self.start)[_own(species.getId())] = float(value)
        for parameter in self._model.getListOfParameters():
            self._constants[parameter.getId()] = float(parameter.getValue())
        self._constants |= {c.getId(): self._size for c in self._model.getListOfCompartments()}

    def _refuse_what_has_no_place(self) -> None:
        lists = {
            "event": self._model.getListOfEvents(),
            "rule": self._model.getListOfRules(),
            "initial assignment": self._model.getListOfInitialAssignments(),
            "constraint": self._model.getListOfConstraints(),
        }
        for what, found in lists.items():
            for each in found:
                name = each.getId() or getattr(each, "getVariable", str)() or ""
                named = f" ({name})" if name else ""
                several = "s" if len(found) > 1 else ""
                raise PhysicsError(
                    f"{self.place} has {len(found)} {what}{several}{named}; a reaction network "
                    "here has species, parameters and reactions alone: write it out"
                )

    def _only_compartment(self) -> float:
        used = {s.getCompartment() for s in self._model.getListOfSpecies()}
        if len(used) != 1:
            raise PhysicsError(
                f"{self.place} has species in {len(used)} compartments "
                f"({', '.join(sorted(used)) or 'none'}); one vessel is one compartment"
            )
        size = self._model.getCompartment(used.pop()).getSize()
        return float(size) if size and size > 0 else 1.0

    def laws(self, learn: Mapping[str, float | Prior]) -> dict[str, Law]:
        """Return the reactions by the file's names."""
        strange = [name for name in learn if name not in self._constants]
        if strange:
            raise PhysicsError(
                f"{self.place} has no parameter {', '.join(strange)}; "
                f"it has {', '.join(self._constants) or 'none'}"
            )
        used: set[str] = set()
        made: dict[str, Law] = {}
        for reaction in self._model.getListOfReactions():
            names, law = self._law(reaction)
            used |= names
            made[reaction.getId()] = self._reaction(reaction, law, names, learn)
        idle = [name for name in learn if name not in used]
        if idle:
            raise PhysicsError(
                f"{self.place} uses {', '.join(idle)} in no reaction, nothing learns it"
            )
        return made

    def _reaction(
        self, reaction: Any, law: str, names: set[str], learn: Mapping[str, float | Prior]
    ) -> RateLaw:
        constants: dict[str, Any] = dict(self._units)
        for name in sorted(names & set(self._constants)):
            value, prior = self._constants[name], learn.get(name)
            if prior is None:
                constants[name] = value
            else:
                given = prior if isinstance(prior, Prior) else Prior(value, fold=float(prior))
                constants[name] = Shared(name, given)
        return RateLaw(self._stoichiometry(reaction), law, **constants)

    def _stoichiometry(self, reaction: Any) -> str:
        sides = []
        for references in (reaction.getListOfReactants(), reaction.getListOfProducts()):
            terms = []
            for reference in references:
                count, species = reference.getStoichiometry(), _own(reference.getSpecies())
                if species in self._constants:
                    continue
                if count not in range(1, 10):
                    raise PhysicsError(
                        f"reaction {reaction.getId()!r} of {self.place} takes {count:g} {species}; "
                        "stoichiometric factors are whole numbers from 1 to 9"
                    )
                terms.append(species if count == 1 else f"{int(count)} {species}")
            sides.append(" + ".join(terms))
        if not sides[0]:
            raise PhysicsError(
                f"reaction {reaction.getId()!r} of {self.place} makes {sides[1]} of nothing; name "
                "what it is made of, so that mass is kept"
            )
        return f"{sides[0]} -> {sides[1] or 'lost_' + reaction.getId()}"

    def _law(self, reaction: Any) -> tuple[set[str], str]:
        """Return the names in the rate law of a reaction, and the law per volume and in units."""
        import libsbml  # noqa: PLC0415 - an optional dependency; it is there by now

        kinetic = reaction.getKineticLaw()
        if kinetic is None or kinetic.getMath() is None:
            raise PhysicsError(f"reaction {reaction.getId()!r} of {self.place} has no kinetic law")
        text = str(libsbml.formulaToL3String(kinetic.getMath()))
        text = re.sub(r"\bln\(", "log(", text.replace("^", "**"))
        names = {_own(name) for name in _NAME.findall(text)}
        only_amounts = {
            _own(s.getId()) for s in self._model.getListOfSpecies() if s.getHasOnlySubstanceUnits()
        }

        def written(match: re.Match[str]) -> str:
            name = _own(match[0])
            if name not in self.start:
                return name
            share = f"({name}/{_CONCENTRATION})"
            return f"({self._size!r}*{share})" if name in only_amounts else share

        law = _NAME.sub(written, text)
        return names, f"{_CONCENTRATION}/{_TIME}/{self._size!r}*({law})"


def _own(name: str) -> str:
    """Return the name of a species here: T and R are the temperature and the gas constant."""
    return f"{name}_" if name in _RESERVED else name


def _amount(species: Any) -> float:
    return float(species.getInitialAmount()) if species.isSetInitialAmount() else 0.0


def _model(path: Path) -> Any:
    """Return the libSBML model of a file, functions expanded and local parameters promoted."""
    try:
        import libsbml  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise MissingExtraError("a reaction network from a file", "sbml") from error
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise PhysicsError(f"the network {path} cannot be read: {error}") from error
    if path.suffix.lower() not in _XML:
        text = _from_antimony(path, text)
    document = libsbml.readSBMLFromString(text)
    severe = [document.getError(i) for i in range(document.getNumErrors())]
    severe = [e for e in severe if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR]
    if severe or document.getModel() is None:
        what = severe[0].getMessage().strip().splitlines()[0] if severe else "it holds no model"
        raise PhysicsError(f"{path.name} is no SBML that can be read: {what}")
    for option in ("expandFunctionDefinitions", "promoteLocalParameters"):
        properties = libsbml.ConversionProperties()
        properties.addOption(option, True)
        document.convert(properties)
    # The document owns the model and must live as long.
    model = document.getModel().clone()
    if not model.getNumReactions():
        raise PhysicsError(f"{path.name} has no reaction")
    return model


def _from_antimony(path: Path, text: str) -> str:
    try:
        import antimony  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise MissingExtraError("an Antimony file", "sbml") from error
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise PhysicsError(
            f"{path.name} is no Antimony that can be read: {antimony.getLastError()}"
        )
    return str(antimony.getSBMLString(antimony.getMainModuleName()))
