"""The sensor in the README is one: it runs from the run file beside it."""

import re
from pathlib import Path

from neuroloop.config import runfile
from neuroloop.runtime.session import played

README = Path(__file__).parents[2] / "sensors" / "README.md"

REST = """
[run]
seconds = 0.3

[engine]
kind = "float"
network = "net.py:build"

[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.001], [0.001]]

[actuator.wheels]
kind = "none"
"""

NET = """
from neuroloop.network import Input, Network, Population, Projection, all_to_all


def build():
    return Network(
        (Input("load", 6),),
        (Population("motor", 4),),
        (Projection("load", "motor", all_to_all(6, 4, 0.5)),),
    )
"""


def test_the_example_runs(tmp_path):
    text = README.read_text()
    (sensor,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (sections,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "my_sensor.py").write_text(sensor)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "run.toml").write_text(sections + REST)
    with played(runfile.load(str(tmp_path / "run.toml"))) as session:
        (source,) = session.loop.sources
        entered = session.loop.intake
    assert source.spec.rate_hz == 20
    assert session.loop.next_index == 300
    assert not any(entered.late.values())
    assert not any(entered.lost.values())
