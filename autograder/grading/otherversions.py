"""Explain version differences between a student's machine and the marking machine.

Whether a line needs another version is decided from the text of the line and from this machine's
packages. So the explanation does not depend on the versions that the submission states.
"""

from __future__ import annotations

import contextlib
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from autograder.submission.receiving import VERSIONED

_ALIASES = {"np": "numpy", "plt": "matplotlib.pyplot", "mpl": "matplotlib"}
_USED = re.compile(r"(?<![\w.])(np|numpy|plt|mpl|matplotlib)((?:\.[A-Za-z_]\w*)+)", re.ASCII)
_IMPORTED = re.compile(
    r"^\s*from ((?:numpy|matplotlib)(?:\.\w+)*) import \(?([\w ,]+)", re.ASCII | re.MULTILINE
)
_MAX_DEPTH = 4

_NEWER_SYNTAX = (
    (re.compile(r"\s*type +\w+ *(?:\[.*\])? *="), (3, 12)),
    (re.compile(r"\s*(?:async +)?(?:def|class) +\w+ *\["), (3, 12)),
    (re.compile(r"\s*except\*? +[\w.]+(?: *, *[\w.]+)+ *:"), (3, 14)),
    (re.compile(r".*\b[tT][rR]?[\"']"), (3, 14)),
)
"""Patterns of lines with newer syntax, each with the first version of Python that can read it."""


def versions_here() -> dict[str, str]:
    """Return the versions of the packages that this process marks with."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        with contextlib.suppress(PackageNotFoundError):
            found.setdefault(name, version(name))
    return found


def told_difference(written: Mapping[str, str]) -> str:
    """Return a sentence if a submission was written with versions other than the grader's."""
    here = versions_here()
    other = [name for name in VERSIONED if name in here and _differ(written.get(name), here[name])]
    if not other:
        return ""
    return (
        f"Written with {_listed({name: written[name] for name in other})}; "
        f"marked with {_listed({name: here[name] for name in other})}."
    )


def told_of_line(line: str, error: str = "") -> str:
    """Return an explanation if a failed line needs other versions than those used for marking.

    The explanation is "" if no other version is needed. `error` is the kind and text of the
    failure, if known.
    """
    if error.startswith("SyntaxError"):
        return _told_of_syntax(line, error)
    missing = next(_missing(line), None)
    if missing is None:
        return ""
    package, name = missing
    here = f"{package} {versions_here()[package]}"
    return f"`{name}` does not exist in {here}, which was used to mark your notebook"


def _told_of_syntax(line: str, error: str) -> str:
    here = f"Python {platform.python_version()}"
    needs = [first for looks, first in _NEWER_SYNTAX if looks.match(line)]
    if needs and sys.version_info < max(needs):
        major, minor = max(needs)
        return f"this line needs Python {major}.{minor}; your notebook was marked with {here}"
    if "f-string" in error and sys.version_info < (3, 12):
        return (
            f"your notebook was marked with {here}; if this line runs on your machine, it needs "
            "Python 3.12. Inside an f-string, use other quotes than outside, and no backslash"
        )
    return ""


def _missing(line: str) -> Iterator[tuple[str, str]]:
    """Yield each package with a name that the line uses but the installed package lacks."""
    for alias, path in _USED.findall(line):
        if _lacks(_ALIASES.get(alias, alias), path[1:].split(".")[:_MAX_DEPTH]):
            yield _ALIASES.get(alias, alias).partition(".")[0], alias + path
    for module, names in _IMPORTED.findall(line):
        for name in names.split(","):
            words = name.split()
            if words and _lacks(module, words[:1]):
                yield module.partition(".")[0], f"{module}.{words[0]}"


def _lacks(module: str, names: list[str]) -> bool:
    """Return whether a module does not have a name; import no new modules."""
    found: object = sys.modules.get(module)
    for name in names:
        if not isinstance(found, ModuleType):
            return False
        if name not in dir(found):
            place = getattr(found, "__path__", ())
            return PathFinder.find_spec(f"{found.__name__}.{name}", place) is None
        found = vars(found).get(name)
    return False


def _differ(one: str | None, other: str) -> bool:
    """Return whether two versions differ in more than their last part."""
    return one is not None and one.split(".")[:2] != other.split(".")[:2]


def _listed(versions: Mapping[str, str]) -> str:
    names = {"python": "Python"}
    return ", ".join(f"{names.get(name, name)} {number}" for name, number in versions.items())
