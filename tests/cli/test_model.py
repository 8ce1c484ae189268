"""``neuroloop model``: what it tells of a kind, and what it refuses."""

import json
from pathlib import Path

import pytest

from neuroloop.cli import _equation, _kind
from neuroloop.config import resolve

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "my_neuron.py"


@pytest.mark.parametrize(
    ("latex", "lines"),
    [
        (r"\tau_m \dot v = v_{rest} - v + bias", ["τ_m dv/dt = v_rest - v + bias"]),
        (r"\dot I_{exc} = -I_{exc}/\tau_{exc}", ["dI_exc/dt = -I_exc/τ_exc"]),
        (r"-\frac{C_m}{\tau_m}(v - v_{rest})", ["-C_m/τ_m (v - v_rest)"]),
        (r"\frac{a + b}{\tau_{+}} e^{-\Delta t/\tau_+}", ["(a + b)/τ_+ e^(-Δt/τ_+)"]),
        (r"c_t = d_c\, c_{t-1} + x^2, \qquad s \ge v_{T}", ["c_t = d_c c_(t-1) + x²", "s ≥ v_T"]),
        (r"g \exp\left(\frac{v - V_T}{\Delta_T}\right) \\ w", ["g exp((v - V_T)/Δ_T)", "w"]),
        (r"g_{leak}\Delta_T + g_{exc}(e - v)", ["g_leak Δ_T + g_exc (e - v)"]),
        (r"\theta \leftarrow \theta + 2, \qquad rate\_hz", ["θ ← θ + 2", "rate_hz"]),
        (r"\text{if } \lambda \to 0", ["if λ → 0"]),
    ],
)
def test_equations_are_readable_in_a_terminal(latex, lines):
    assert _equation.plain(latex) == lines


@pytest.mark.parametrize("role", _kind.ROLES)
def test_every_kind_is_listed_with_one_line(command, role):
    code, out, _ = command("model", "list", "--json")
    kinds = json.loads(out)[role]
    assert code == 0
    assert [k["kind"] for k in kinds] == resolve.kinds(role)
    assert all(k["summary"] and k["gives"] in ("spikes", "graded", "values") for k in kinds)
    _, text, _ = command("model", "list")
    assert not [k for k in kinds if k["kind"] not in text or k["summary"] not in text]


@pytest.mark.parametrize("kind", [*resolve.kinds("neuron"), *resolve.kinds("synapse")])
def test_every_kind_is_shown_without_marks_of_markup(command, kind):
    code, out, err = command("model", "show", kind)
    assert code == 0, err
    words, _, source = out.partition("\n@")
    assert "``" not in words
    assert "\\" not in words
    assert ".. math" not in words
    assert not source or "def " in source


def test_a_neuron_model_is_shown_with_units_bounds_and_memory(command):
    _, out, _ = command("model", "show", "lif", "--json")
    card = json.loads(out)
    assert card["equations"] == ["τ_m dv/dt = v_rest - v + bias"]
    assert card["source"].startswith("W. Gerstner")
    assert card["receptors"] == ["input"]
    assert any("decay, add the input, compare" in note for note in card["notes"])
    parameters = {p["name"]: p for p in card["parameters"]}
    tau = parameters["tau_m_ms"]
    assert (tau["unit"], tau["default"], tau["bounds"]) == ("ms", "20.0", "> 0")
    assert parameters["reset"]["bounds"] == "hard or subtract"
    assert "above threshold" in parameters["reset"]["note"]
    arrays = {a["name"]: a for a in card["arrays"]}
    assert arrays["v"]["reset"]
    assert arrays["v"]["dtype"] == "float32[n]"
    assert not arrays["bias"]["reset"]
    assert "def update" in card["code"]
    _, text, _ = command("model", "show", "lif")
    for words in ("tau_m_ms         20.0 ms", "> 0", "receptors input", "put back by a reset"):
        assert words in text
    assert "def update" in text
    assert "def update" not in command("model", "show", "lif", "--no-source")[1]


def test_a_file_of_ones_own_is_shown_the_same_way(command, monkeypatch):
    monkeypatch.chdir(EXAMPLE.parent)
    code, out, err = command("model", "show", f"./{EXAMPLE.name}")
    assert code == 0, err
    assert "a neuron model" in out
    assert str(EXAMPLE) in out


def test_a_parameter_that_must_be_given_leaves_the_memory_out(command, tmp_path, monkeypatch):
    text = EXAMPLE.read_text().replace("frozen=True", "frozen=True, kw_only=True")
    first = text.index("    a: float = ")
    (tmp_path / "mine.py").write_text(f"{text[:first]}    needed_mv: float\n{text[first:]}")
    monkeypatch.chdir(tmp_path)
    code, out, err = command("model", "show", "./mine.py")
    assert code == 0, err
    assert "needed_mv        must be given" in out
    assert "memory" not in out


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("liff", 2, 'did you mean "lif"'),
        ("statik", 2, 'did you mean "static"'),
        ("./absent.py", 2, "no file"),
        ("./empty.py", 2, "defines no Config"),
        ("./broken.py", 3, "no such thing"),
        ("no.such.module", 2, "no.such.module"),
    ],
)
def test_what_is_no_kind_is_refused_in_words(command, tmp_path, monkeypatch, name, code, words):
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("raise RuntimeError('no such thing')\n")
    monkeypatch.chdir(tmp_path)
    got, out, err = command("model", "show", name)
    assert (got, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1
