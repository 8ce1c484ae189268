"""What this computer's own processor draws, where it says so: RAPL, by the kernel's powercap files.

Source: Linux, ``Documentation/power/powercap/powercap.rst``.  The counters are those of whole
packages, with all that runs on them, and usually readable by root alone.
"""

from dataclasses import dataclass, field
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


@dataclass
class _Package:
    """One socket."""

    energy: Path
    range_uj: int
    """the counter begins anew after this"""
    last_uj: int


@dataclass
class Processor:
    """Adds up what the packages of this computer draw from its making on; `look` reads them.

    The counters begin anew after some minutes to hours, so look more often than that.
    """

    root: Path = POWERCAP
    joules: float | None = 0.0
    """so far; None where nothing can be read"""
    why: str = ""
    """why nothing can be read"""
    _packages: list[_Package] = field(default_factory=list)

    def __post_init__(self) -> None:
        # intel-rapl:0 is a package, intel-rapl:0:1 a part of it; AMD's have the same names
        found = sorted(p for p in self.root.glob("intel-rapl:*") if p.name.count(":") == 1)
        if not found:
            self._give_up(f"no {self.root}/intel-rapl on this machine")
            return
        try:
            for path in found:
                if path.joinpath("name").read_text().strip().startswith("package"):
                    most = int(path.joinpath("max_energy_range_uj").read_text())
                    energy = path / "energy_uj"
                    self._packages.append(_Package(energy, most, int(energy.read_text())))
        except (OSError, ValueError) as error:
            self._give_up(_reason(path, error))
            return
        if not self._packages:
            self._give_up(f"no package among {', '.join(p.name for p in found)}")

    def look(self) -> float | None:
        """Read the counters; returns the joules so far."""
        if self.joules is None:
            return None
        for package in self._packages:
            try:
                now = int(package.energy.read_text())
            except (OSError, ValueError) as error:
                self._give_up(_reason(package.energy.parent, error))
                return None
            gone = now - package.last_uj
            self.joules += (gone if gone >= 0 else gone + package.range_uj) * 1e-6
            package.last_uj = now
        return self.joules

    def _give_up(self, why: str) -> None:
        self.joules, self.why = None, why


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{path}/energy_uj may not be read (root may)"
    said = error.strerror if isinstance(error, OSError) else str(error)
    return f"{path}: {said}"
