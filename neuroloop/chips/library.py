"""What backends of chips share: a network that is not in the chip's whole numbers yet gets there.

A network whose populations are all of the chip's kinds is run as it stands.  What does not fit the
chip is refused.
"""

from collections.abc import Callable, Sequence
from types import ModuleType

from neuroloop.chips import plain, profile
from neuroloop.chips.fit import refuse
from neuroloop.chips.quantised import Quantised
from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.engine.lower import Adapted
from neuroloop.network.graph import Network

Quantise = Callable[[Network, int], Quantised]
"""from a floating-point network and the length of a tick in microseconds"""
_CHIPS = ("dynapcnn", "loihi1", "loihi2", "xylo")
"""folders of ``neuroloop/neurons`` whose kinds compute in whole numbers"""


class ChipLibrary:
    """Finds kinds, and turns networks into those of one chip.

    Parameters
    ----------
    site
        Where the backend is built.
    families
        Folders of ``neuroloop/neurons`` whose kinds the chip runs, its own first.
    quantise
        Makes the network for the chip.
    chip
        Its profile.
    fit
        Whether a network that does not fit the chip is refused.
    """

    def __init__(
        self,
        site: Site,
        families: Sequence[str],
        quantise: Quantise,
        chip: str,
        *,
        fit: bool = True,
    ) -> None:
        self._folder, self._families, self._quantise = site.folder, families, quantise
        self._chip, self._fit = profile.load(chip), fit

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        """Return the module of a neuron or synapse kind."""
        return resolve.module(role, name, self._folder, where)

    def adapt(self, network: Network, dt_us: int) -> Adapted:
        """Return the network in the chip's kinds; ConfigError where it has no form, or no room."""
        made = self.quantised(network, dt_us)
        room = refuse(made, self._chip, dt_us) if self._fit else []
        late = None if made.network is network else made.late
        return Adapted(made.network, late, made.warnings, room)

    def quantised(self, network: Network, dt_us: int) -> Quantised:
        """Return the network in the chip's kinds, whether it fits the chip or not.

        A network in the chip's own kinds is returned as it is, and has no ``layers``.

        Raises
        ------
        ConfigError
            Where it has no form on the chip.
        """
        computing = [p for p in network.populations if not plain.is_hosted(p)]
        whole = [p for p in computing if family(p.kind) in _CHIPS]
        for p in whole:
            self._check_family(f'population "{p.name}"', p.kind)
        if len(whole) == len(computing):
            for j in network.projections:
                self._check_family(f"projection {j.name}", j.kind)
            return Quantised(self._chip.name, network, {})
        if whole:
            other = next(p for p in computing if p not in whole)
            raise ConfigError(
                f'population "{whole[0].name}" ({whole[0].kind}) is in whole numbers and '
                f'"{other.name}" ({other.kind}) is not; a network is given in one of the two'
            )
        return self._quantise(network, dt_us)

    def _check_family(self, where: str, kind: str) -> None:
        if (found := family(kind)) not in self._families:
            other = f', or run it on backend "{found}" or "float"' if found in _CHIPS else ""
            raise ConfigError(
                f"{where}: kind {kind} is not of this chip; kinds of "
                f"{' and '.join(self._families)} are{other}"
            )


def family(kind: str) -> str:
    """Return the folder that a kind is in, "" where it is in none."""
    folder, dot, _ = kind.partition(".")
    return folder if dot else ""
