"""Formulas in plain letters"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

_RAISED = dict(zip("0123456789+-−=()ntiᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿᵗⁱᵀ", strict=True))
_LOWERED = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_COMMANDS = {
    **{"nabla": "∇", "partial": "∂", "infty": "∞", "cdot": "·", "times": "×", "to": "→"},
    **{"rightarrow": "→", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠"},
    **{"approx": "≈", "propto": "∝", "pm": "±", "sum": "Σ", "ell": "ℓ", "star": "*", "ast": "*"},
    **{"dots": "…", "ldots": "…", "top": "ᵀ", "Vert": "‖", "|": "‖", "in": "∈", "varrho": "ρ"},
    **{"varepsilon": "ε", "varphi": "φ", "vartheta": "θ"},
    **dict.fromkeys(("quad", "qquad", ",", ";", ":", " "), " "),
    **dict.fromkeys(("left", "right", "big", "Big", "displaystyle", "limits", "!"), ""),
}
"""Signs for TeX commands; Greek letters are found by their Unicode names."""


def in_words(label: str) -> str:
    r"""Return a label of a picture in plain letters: `$\eta_0 = 10^{-1}$` is η₀ = 10⁻¹."""
    plain = re.sub(r"(?<!\\)\$(.*?)(?<!\\)\$", lambda match: _formula(match[1]), label)
    return plain.replace("\\$", "$")


def _formula(text: str) -> str:
    """Return a formula without TeX; a command without a plain form loses only its backslash."""
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\(?:math\w+|text\w*|operatorname)\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\sqrt\s*\{([^{}]{2,})\}", r"√(\1)", text)
    text = re.sub(r"\\sqrt\s*\{([^{}])\}", r"√\1", text)
    text = re.sub(r"\\(?:wide)?hat\s*\{?(\\?[A-Za-z]+)\}?", "\\1\u0302", text)
    text = re.sub(r"\\([A-Za-z]+|[,;:!| ])", lambda match: _sign(match[1]), text)
    text = re.sub(r"(?<=[∇∂√])\s+", "", text)
    for sign, letters in (("^", _RAISED), ("_", _LOWERED)):
        text = re.sub(rf"\{sign}(?:\{{([^{{}}]*)\}}|([^{{}}]))", _moved(letters, sign), text)
    return re.sub(r"[{}]|\\(?=\W)", "", text)


def _sign(name: str) -> str:
    """Return the letter or the sign of a command; its name if there is none."""
    size = "CAPITAL" if name[:1].isupper() else "SMALL"
    letter = f"GREEK {size} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}"
    try:
        return _COMMANDS[name] if name in _COMMANDS else unicodedata.lookup(letter)
    except KeyError:
        return name


def _moved(letters: Mapping[str, str], sign: str) -> Callable[[re.Match[str]], str]:
    """Return a function that writes a raised or lowered text: in `letters`, or after its sign."""

    def plain(match: re.Match[str]) -> str:
        text = match[2] or match[1] or ""
        if set(text) <= letters.keys():
            return "".join(letters[letter] for letter in text)
        return f"{sign}({text})" if len(text) > 1 else f"{sign}{text}"

    return plain
