r"""Equations of a docstring for a terminal: ``\tau_m \dot v`` becomes ``τ_m dv/dt``."""

import re
import unicodedata

_SIGNS = {
    **{"ge": "≥", "geq": "≥", "le": "≤", "leq": "≤", "ne": "≠", "neq": "≠", "approx": "≈"},
    **{
        "cdot": "·",
        "times": "\N{MULTIPLICATION SIGN}",
        "pm": "±",
        "to": "→",
        "gets": "←",
        "leftarrow": "←",
        "infty": "∞",
        "in": "∈",
    },
    **{"sum": "Σ", "prod": "Π", "int": "∫", "partial": "∂", "ldots": "...", "dots": "..."},
    **{"quad": "  ", "qquad": "\n", "left": "", "right": "", "varepsilon": "ε", "lambda": "λ"},
    **{"Lambda": "Λ", "varphi": "φ", "vartheta": "θ", "circ": "∘", "land": "and", "lor": "or"},
}
_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_ATOM = r"(\\?[A-Za-z]+(?:_[\w()]+)?)"

# each works on what has no braces inside, so they are applied until nothing changes
_RULES = (
    (re.compile(r"\\(?:text|mathrm|mathbf|operatorname)\{([^{}]*)\}"), lambda m: m[1]),
    (re.compile(r"\\(?:begin|end)\{[^{}]*\}"), lambda _: " "),
    (re.compile(r"_\{(\w+|[+-])\}(?=[\\(A-Za-z])"), lambda m: f"_{m[1]} "),
    (re.compile(r"_\{(\w+|[+-])\}"), lambda m: f"_{m[1]}"),
    (re.compile(r"_\{([^{}]*)\}"), lambda m: f"_({_tight(m[1])})"),
    (re.compile(r"\^(?:\{([0-9+n-]+)\}|([0-9n]))"), lambda m: _raised(m[1] or m[2])),
    (re.compile(r"\^\{([^{}]*)\}"), lambda m: f"^({m[1]})"),
    (re.compile(r"\\sqrt\{([^{}]*)\}"), lambda m: f"√{_grouped(m[1])}"),
    (re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}"), lambda m: _ratio(m[1], m[2])),
    (re.compile(rf"\\dot\s*(?:\{{{_ATOM}\}}|{_ATOM})"), lambda m: _rate(m[1] or m[2])),
)


def plain(latex: str) -> list[str]:
    """Return the lines of an equation in LaTeX as plain text."""
    text = " ".join(latex.split()).replace(r"\\", r"\qquad ").replace("&", "").replace(r"\_", "_")
    text = re.sub(r"\\[,;:! ]", " ", text)
    before = ""
    while text != before:
        before = text
        for pattern, put in _RULES:
            text = pattern.sub(put, text)
    text = re.sub(r"\\([A-Za-z]+)", lambda m: _sign(m[1]), text)
    text = re.sub(r"(?<=Δ) (?=\w)| (?=\))", "", text.replace(r"\{", "{").replace(r"\}", "}"))
    return [" ".join(line.split()).strip(", ") for line in text.split("\n") if line.strip(" ,")]


def _sign(name: str) -> str:
    if name in _SIGNS:
        return _SIGNS[name]
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:  # exp, ln, max ...
        return name


def _ratio(above: str, below: str) -> str:
    return f"{_grouped(above)}/{_grouped(below)} "


def _rate(name: str) -> str:
    return f" d{name}/dt "


def _grouped(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"\\?[\w.]+[+-]?", text) else f"({text})"


def _raised(text: str) -> str:
    return text.translate(_RAISED)


def _tight(text: str) -> str:
    return text.replace(" ", "")
