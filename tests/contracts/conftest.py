"""What the settings of a kind cannot do without, one file a kind in ``given``."""

import importlib.util
from pathlib import Path

import pytest

GIVEN = Path(__file__).parent / "given"


@pytest.fixture(scope="session")
def given():
    """Return what finds ``settings(folder)`` of a role and kind, None where it needs none."""

    def find(role, kind):
        path = GIVEN / role / f"{kind}.py"
        if not path.exists():
            return None
        spec = importlib.util.spec_from_file_location(f"given_{role}_{kind}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.settings

    return find
