"""The code imports only distributions that `pyproject.toml` requires."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# "inside" is the kit's folder in the sandbox, "checks" is the module beside a release's notebooks
OWN = {"autograder", "solutions", "tests", "inside", "checks"}
INSTALLED = packages_distributions()


def distributions(requirements: list[str]) -> set[str]:
    """Return the distributions' names in the form in which names are compared."""
    names = (re.match(r"[\w.-]+", line) for line in requirements)
    return {normal(name.group()) for name in names if name}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


NEEDED = distributions(PROJECT["dependencies"])
CLUSTER = distributions(PROJECT["optional-dependencies"]["cluster"])
# optional: the class report works without these
AT_BEST = distributions(PROJECT["optional-dependencies"]["similarity"])
OFFERED = NEEDED.union(*map(distributions, PROJECT["optional-dependencies"].values()))


def imported(tree: ast.AST) -> Iterator[str]:
    """Return modules that an import names, or that `import_module` or a similar call requests."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in ("import_module", "find_spec", "files", "importorskip"):
                yield str(node.args[0].value)


def strangers(folder: str, known: set[str], but: str = "") -> dict[str, str]:
    """Return modules in a folder that no known distribution provides, each with one file.

    The folder `but` is skipped.
    """
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        if but and path.is_relative_to(ROOT / but):
            continue
        for module in imported(ast.parse(path.read_text(encoding="utf-8"))):
            top = module.partition(".")[0]
            if top in sys.stdlib_module_names or top in OWN:
                continue
            if not known & {normal(name) for name in INSTALLED.get(top, [top])}:
                found[top] = str(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize("folder", ["autograder", "solutions"])
def test_kit_imports_what_it_needs(folder: str) -> None:
    assert not strangers(folder, NEEDED | AT_BEST, but="autograder/grading/cluster")


def test_what_marks_on_a_cluster_imports_its_extra_and_nothing_else() -> None:
    assert not strangers("autograder/grading/cluster", NEEDED | CLUSTER)
    assert strangers("autograder/grading/cluster", NEEDED).keys() == {"dask", "distributed"}


def test_tests_import_what_an_extra_offers() -> None:
    assert not strangers("tests", OFFERED)


def test_stranger_is_found() -> None:
    assert "numpy" in strangers("solutions", NEEDED - {"numpy"})


LOCKS = {path.stem: path for path in (ROOT / "requirements").glob("*.lock")}
PURPOSES = {
    "run": [],
    "test": ["test", "lint", "browser", "mutation", "similarity"],
    "cluster": ["cluster"],
    "fuzz": ["fuzz"],
    "docs": ["docs"],
}
"""Extras that each lock contains, besides the packages for running."""


def pins(lock: Path) -> dict[str, str]:
    """Return the versions that a lock pins, by name (both, if they depend on the Python)."""
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE):
        found[normal(name)] = f"{found.get(normal(name), '')} {version}".strip()
    return found


def test_there_is_a_lock_for_each_purpose() -> None:
    assert LOCKS.keys() == PURPOSES.keys()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_lock_has_what_its_purpose_needs_in_the_versions_of_running(purpose: str) -> None:
    asked = [*PROJECT["dependencies"]]
    for extra in PURPOSES[purpose]:
        asked += PROJECT["optional-dependencies"][extra]
    found = pins(LOCKS[purpose])
    assert distributions(asked) - found.keys() == set()
    assert pins(LOCKS["run"]).items() - found.items() == set()


def test_only_tests_need_tools() -> None:
    assert not {"mypy", "ruff", "hypothesis", "playwright", "mutmut"} & pins(LOCKS["run"]).keys()


def test_gradescope_installs_what_running_needs() -> None:
    package = ROOT / "autograder" / "platforms" / "gradescope" / "requirements.lock"
    assert package.read_bytes() == LOCKS["run"].read_bytes()


@pytest.mark.parametrize(
    "installer",
    ["Makefile", "autograder/platforms/gradescope/setup.sh", "tests/comparison/otter_grader.py"],
)
def test_a_lock_is_installed_without_a_search_for_dependencies(installer: str) -> None:
    """If one package asks for an extra of another, pip 23 takes the newest version of the other.

    The lock has no hash of that version, so the installation fails. A lock is complete anyway.
    """
    lines = (ROOT / installer).read_text("utf-8").splitlines()
    asking = [line for line in lines if "--require-hashes" in line]
    assert asking
    assert [line for line in asking if "--no-deps" not in line] == []
