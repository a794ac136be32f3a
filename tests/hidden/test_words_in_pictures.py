"""Names in a picture may use any words, except words that contradict the drawing."""

# mypy: disable-error-code="no-untyped-def, attr-defined, arg-type, call-arg"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.grading.testkit import folded, says, says_number_of, says_otherwise
from autograder.grading.testkit.guides import _contradicts, _names_a_guide
from autograder.grading.testkit.keys import styles_of
from autograder.hidden.hw2 import wording
from autograder.hidden.hw2.wording import GD, RHO, USAM, says_gd, says_usam

from .marking import HOMEWORK, Together, failures, shares

# --- Words ----------------------------------------------------------------------------------------

NAMES_OF_GD = [
    *("GD", "gd", "G.D.", "GD's iterates", "final_GD", "GD-Punkte", "SGD", "$\\mathrm{GD}$"),
    *("Gradient Descent", "gradient-descent", "Gradient\ndescent (5 runs)", "steepest descent"),
    *("gradient method", "plain gradient descent", "vanilla gradient descent", "plain gradient"),
    *("Gradientenabstieg", "Gradientenverfahren", "Gradienten-Abstieg", "steilster Abstieg"),
    *("Gradientenabstiegsverfahren", "GRADIENTENABSTIEG", "gewöhnlicher Gradient"),
    *("descente de gradient", "Descente du gradient", "méthode du gradient", "gradient simple"),
    *("methode du gradient", "plus grande pente", "algorithme du gradient"),
    *("no perturbation", "without perturbation", "unperturbed", "zero perturbation", "no SAM"),
    *("ohne Störung", "ohne Stoerung", "Keine Störung", "ungestört", "ohne SAM"),
    *("sans perturbation", "non perturbé", "rayon nul", "Perturbation nulle"),
    *("ρ = 0", "$\\rho=0$", "$\\rho$ = 0", "ρ=0", "rho=0", "$\\rho = 0.0$", "ρ=0,0", "0", "0.0"),
    *("Gradientabstieg", "Grad. Abstieg", "desc. de gradient", "klassischer Abstieg", "Gradient"),
    *("plain descent", "rho is zero", "ρ ist null", "ohne Aufstiegsschritt", "sans ρ", "standard"),
    *("GD (= USAM mit ρ = 0)", "USAM ρ=0 (=GD)", "GD (USAM with rho=0)"),
    *("radius 0", "Radius = 0", "USAM, ρ = 0", "USAM (rho=0)", "$\\mathbf{GD}$ $(\\rho{=}0)$"),
]
NAMES_OF_USAM = [
    *("USAM", "SAM", "usam", "U-SAM", "USAM-Punkte", "usam_0.2", "USAMρ=0.2", "$\\mathrm{USAM}$"),
    *("SAM (ρ = 0.2)", "USAM (ρ>0)", "$\\rho > 0$", "ρ > 0", "ρ ≠ 0", "$\\rho \\neq 0$", "0.2"),
    *("sharpness-aware minimization", "Sharpness Aware", "unnormalised SAM", "rho = 0.2"),
    *("mit Aufstiegsschritt", "perturbierter Gradient", "ρ positiv", "rho is positive", "avec ρ"),
    *("unnormalized sharpness-aware", "with perturbation", "perturbed gradient descent"),
    *("schärfebewusst", "schaerfebewusste Minimierung", "nicht normalisiertes SAM", "gestört"),
    *(
        "mit Störung",
        "avec perturbation",
        "perturbé",
        "SAM non normalisé",
        "minimisation de netteté",
    ),
]


@pytest.mark.parametrize("text", NAMES_OF_GD)
def test_gd_is_named(text: str) -> None:
    assert (says_gd(text), says_usam(text, [0.2, 1.0])) == (True, False), folded(text)


@pytest.mark.parametrize("text", NAMES_OF_USAM)
def test_usam_is_named(text: str) -> None:
    assert (says_gd(text), says_usam(text, [0.2, 1.0])) == (False, True), folded(text)


@pytest.mark.parametrize("text", ["usgd", "first", "same samples", "η = 0.05", "L(u, v)", ""])
def test_other_words_name_neither(text: str) -> None:
    assert (says_gd(text), says_usam(text, [0.2, 1.0])) == (False, False), folded(text)


@pytest.mark.parametrize("text", ["GD vs USAM", "GD (ρ = 0) and USAM (ρ > 0)", "ρ = 0, 0.2"])
def test_some_texts_name_both(text: str) -> None:
    assert says_gd(text)
    assert says_usam(text, [0.2, 1.0])


ETA_IS_A_QUARTER = [
    *("η=0.25", "eta 0.25", "lr = 0.25", "learning rate: 0.25", "Schrittweite 0.25", "0.25"),
    *("pas 0.25", "taux d'apprentissage 0.25", "$\\eta = 0.25$", "η = 1/4", "Lernrate = 0.25"),
    *("step size 0.25, ρ = 0.4", "$\\eta = 2.5 \\times 10^{-1}$", "γ = 0.25", "η=0.25 (ρ bis 0.6)"),
]
RHO_IS_A_QUARTER = [
    *("ρ = 0.25", "rho 0.25", "radius: 0.25", "$\\rho$ = 0.25", "Radius von 0.25", "rayon 0.25"),
    *("ρ=0.25, η=0.1", "η = 0.1, $\\rho=0.25$", "perturbation = 0.25"),
]


@pytest.mark.parametrize("text", ETA_IS_A_QUARTER)
def test_number_is_that_of_eta(text: str) -> None:
    assert says_number_of(0.25, RHO)(text)


@pytest.mark.parametrize("text", RHO_IS_A_QUARTER)
def test_number_of_another_thing_is_not(text: str) -> None:
    assert not says_number_of(0.25, RHO)(text)


@pytest.mark.parametrize("text", ["radius 0.2", "Radius: 0.2, 0.4", "ρ von 0.2", "rayon = 0.2"])
def test_word_for_a_letter_is_given_another_value(text: str) -> None:
    assert says_otherwise(RHO, 0.1)(text)
    assert not says_otherwise(RHO, 0.2)(text)


@pytest.mark.parametrize("text", ["nombre de pas: 1000", "number of steps 300", "50/η steps", "η"])
def test_number_of_steps_is_no_step_size(text: str) -> None:
    assert not says_otherwise(wording.ETA, 0.1)(text)


@pytest.mark.parametrize(
    "text", ["Red-Team", "RED_TEAM", "$\\mathrm{red\\,team}$", "run: red team"]
)
def test_name_that_is_given_is_found_in_any_form(text: str) -> None:
    assert says("red team")(text)
    assert not says("blue team")(text)


GUIDES = [
    *("$m^{-1/2}$", "1/√m", "O(m^-0.5)", "slope -1/2", "Steigung −1/2", "pente −1/2", "1/sqrt(m)"),
    *("reference", "Referenz", "théorie", "Hilfslinie", r"$\propto m^{-0.5}$", "−1/2", "-0.5"),
    *(r"slope $-\frac{1}{2}$", r"$1/\sqrt{m}$", r"$\frac{1}{\sqrt{m}}$", "~ m^(-1/2)", "O(1/√m)"),
    *("m⁻¹ᐟ²", r"$m^{-\frac{1}{2}}$", r"$\mathcal{O}(m^{-1/2})$", "Steigung -0,5", "$C/m^{1/2}$"),
    *("m**-0.5", "slope = −½", "inverse square root of the width", "theoretical rate", "rate 1/2"),
    *("slope minus one half", "Steigung minus einhalb", "$C/\\sqrt{m}$", "order 1/2", "1/m^{1/2}"),
    "slope −1/2 (1/m would be slope −1)",
]
OTHER_GUIDES = [
    *("1/m (slope −1)", "slope -1", "1/m", "$m^{-1}$", "O(1/m)", "Steigung −1", "pente -1", "-1"),
    *(r"$\frac{1}{m}$", "slope -2", "$1/m^2$", "m^-1", "$O(m^{-1})$", "slope −0.25", "m⁻¹"),
    *("reference 1/m", "slope minus one", "Steigung minus eins", "pente moins un"),
    *("slope +1/2", "√m", r"$\sqrt{m}$", "$m^{1/2}$", "O(m^{1/2})", r"$\propto m^{+0.5}$"),
]


@pytest.mark.parametrize("text", GUIDES)
def test_guide_of_slope_one_half_is_named(text: str) -> None:
    assert _names_a_guide(text, -0.5)
    assert not _contradicts(text, -0.5)


@pytest.mark.parametrize("text", OTHER_GUIDES)
def test_guide_of_another_slope_is_not(text: str) -> None:
    assert _contradicts(text, -0.5)
    assert not _names_a_guide(text, -0.5)


@pytest.mark.parametrize("text", ["error", "foo", "5 draws", r"$\|H - H^\infty\|$", "kernel"])
def test_other_words_are_neither(text: str) -> None:
    assert not _names_a_guide(text, -0.5)
    assert not _contradicts(text, -0.5)


KEYS = {"GD": GD, "USAM": USAM}


@pytest.mark.parametrize(
    ("text", "gd", "usam"),
    [
        ("red: GD, blue: USAM", {"red"}, {"blue"}),
        ("GD (red) vs USAM (blue)", {"red"}, {"blue"}),
        ("Rote Kreuze: GD, blaue Punkte: USAM", {"red", "cross"}, {"blue"}),
        ("croix rouges : GD, ronds bleus : SAM", {"red", "cross"}, {"blue", "circle"}),
        ("x = GD, o = USAM", {"cross"}, {"circle"}),
    ],
)
def test_colours_and_markers_in_words(text: str, gd: set[str], usam: set[str]) -> None:
    found = styles_of(text, KEYS)
    assert {name: style.names for name, style in found.items()} == {"GD": gd, "USAM": usam}


@pytest.mark.parametrize(
    "text", ["GD and USAM", "blue surface, GD and USAM", "f(x): GD red", "red: GD, blue: GD"]
)
def test_what_is_not_clear_says_nothing_of_colours(text: str) -> None:
    assert styles_of(text, KEYS) == {}


# --- Pictures -------------------------------------------------------------------------------------

Plot = Callable[..., Any]


def surface(
    gd: str | None = "GD",
    usam: str | None = "USAM",
    labels: tuple[str, str] = ("u", "v"),
    title: str = "",
    radii: str = "",
) -> Plot:
    """Return a picture of the loss with GD's marks as red crosses and USAM's marks as blue dots."""

    def plot(loss, results, eta):
        figure, axes = plt.subplots()
        grid = np.linspace(-2.6, 2.6, 50)
        axes.contour(grid, grid, [[loss([u, v]) for u in grid] for v in grid], 15, cmap="gray")
        for (e, rho), ends in results.items():
            if e == eta:
                name = gd if rho == 0 or usam is None else usam + radii.format(rho)
                style = {"color": "blue", "marker": "o"} if rho else {"color": "r", "marker": "x"}
                axes.scatter(*np.transpose(ends), **style, label=name)
        axes.set(xlabel=labels[0], ylabel=labels[1], title=title.format(eta))
        if gd or usam:
            axes.legend()
        return figure

    return plot


def panels(titles: tuple[str, str]) -> Plot:
    """Return a picture on two axes, with GD's marks on the first one."""

    def plot(loss, results, eta):
        figure, parts = plt.subplots(1, 2)
        grid = np.linspace(-2.6, 2.6, 50)
        for number, axes in enumerate(parts):
            axes.contourf(grid, grid, [[loss([u, v]) for u in grid] for v in grid], 15)
            for (e, rho), ends in results.items():
                if e == eta and (rho > 0) == number:
                    axes.plot(*np.transpose(ends), "wo")
            axes.set(xlabel="u", ylabel="v", title=titles[number])
        return figure

    return plot


def solid(height: Callable[[Any], Any]) -> Plot:
    """Return a surface in 3D whose marks have a height computed from the losses at the marks."""

    def plot(loss, results, eta):
        figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
        grid = np.linspace(-2.6, 2.6, 41)
        values = np.array([[loss([u, v]) for u in grid] for v in grid])
        axes.plot_surface(*np.meshgrid(grid, grid), values, alpha=0.5)
        for (e, rho), ends in results.items():
            if e == eta:
                at = height(np.array([loss(x) for x in ends]))
                axes.scatter(*np.transpose(ends), at, label="USAM" if rho else "GD")
        axes.set(xlabel="u", ylabel="v", zlabel="L")
        axes.legend()
        return figure

    return plot


def traces(
    name: str = "η = {}",
    labels: tuple[str, str] = ("ρ", "trace"),
    legend: str | None = None,
    number: Callable[[float], Any] = float,
) -> Plot:
    """Return a picture of the medians of the traces."""

    def plot(hessian_trace, results):
        figure, axes = plt.subplots()
        for eta in sorted({eta for eta, _ in results}):
            rhos = sorted(rho for e, rho in results if e == eta)
            medians = []
            for rho in rhos:
                ends = results[eta, rho]
                kept = ends[np.linalg.norm(ends, axis=1) <= 1e6]
                medians.append(np.median([hessian_trace(x) for x in kept]))
            axes.plot(rhos, medians, "o-", label=name.format(number(eta)))
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.legend(title=legend)
        return figure

    return plot


def convergence(
    guide: str | None = "slope −1/2", data: str = "error", labels: tuple[str, str] = ("m", "error")
) -> Plot:
    """Return a picture of the convergence."""

    def plot(widths, errors):
        figure, axes = plt.subplots()
        axes.loglog(widths, errors, "o-", label=data)
        axes.loglog(widths, 2 * errors[0] * (widths / widths[0]) ** -0.5, "--", label=guide)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.legend()
        return figure

    return plot


def objective_lines(labels: tuple[str, str]) -> Plot:
    """Return a picture of the objective along the runs."""

    def plot(objective, trajectories):
        figure, axes = plt.subplots()
        for name, path in trajectories.items():
            axes.plot([objective(x) for x in path], label=name)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.legend()
        return figure

    return plot


TARGETS = {
    "p1-plot": "plot_objective",
    "p2c-trace-plot": "plot_traces",
    "p2c-surface-plot": "plot_landscape",
    "p3-plot": "plot_convergence",
}
RIGHT: list[tuple[str, str, Plot]] = [
    ("p2c-surface-plot", f"{gd} and {usam}", surface(gd, usam))
    for gd, usam in (
        ("Gradientenabstieg", "schärfebewusst"),
        ("Gradientenverfahren", "USAM"),
        ("steepest descent", "SAM"),
        ("gradient method", "perturbed"),
        ("no perturbation", "with perturbation"),
        ("descente de gradient", "SAM non normalisé"),
        ("ρ = 0", "ρ > 0"),
        ("GD (ρ = 0)", "USAM (ρ>0)"),
    )
] + [
    ("p2c-surface-plot", "colours in the title", surface(None, None, title="red: GD, blue: USAM")),
    ("p2c-surface-plot", "radii", surface("0", "", radii="{}")),
    ("p2c-surface-plot", "words", surface(labels=("weight u", "Gewicht v"), title="Lernrate {}")),
    ("p2c-surface-plot", "unknown labels", surface(labels=("$x_1$", "second entry"))),
    ("p2c-surface-plot", "entries", surface(labels=("x[0]", "x[1]"))),
    ("p2c-surface-plot", "composantes", surface(labels=("première composante", "deuxième"))),
    ("p2c-surface-plot", "GD by USAM", surface("GD (= USAM mit ρ = 0)", "USAM (ρ > 0)")),
    ("p2c-surface-plot", "panels in German", panels(("Gradientenabstieg", "USAM für alle ρ"))),
    ("p2c-surface-plot", "at its height", solid(lambda values: values)),
    ("p2c-surface-plot", "a little above", solid(lambda values: values + 0.5)),
    ("p2c-surface-plot", "at the foot", solid(lambda values: 0 * values)),
    ("p2c-surface-plot", "on a plane below", solid(lambda values: 0 * values - 10)),
    ("p2c-trace-plot", "in German", traces("Schrittweite {}", ("Radius ρ", "Spur (Median)"))),
    ("p2c-trace-plot", "in French", traces("pas η = {}", ("rayon", "trace de la hessienne"))),
    ("p2c-trace-plot", "bare", traces("{}", ("perturbation", "flatness"), "learning rate")),
    ("p2c-trace-plot", "unknown words", traces("{}", ("x", "quantity of interest"))),
    ("p2c-trace-plot", "both letters", traces("η = {}, ρ ≤ 1", ("ρ", "tr(H), which depends on ρ"))),
    ("p3-plot", "in German", convergence("Steigung −1/2", "Fehler", ("Breite", "rel. Fehler"))),
    ("p3-plot", "in French", convergence("pente −1/2", "erreur", ("largeur m", "erreur"))),
    ("p3-plot", "a reference", convergence("Referenz", "Kern", ("Anzahl Neuronen", "Abweichung"))),
    ("p3-plot", "an unknown word", convergence("comparison", "H", ("m", "‖H_m − H‖"))),
    ("p1-plot", "in German", objective_lines(("Iteration", "Zielfunktion"))),
    ("p1-plot", "in French", objective_lines(("itération t", "fonction objectif"))),
    ("p1-plot", "formulas", objective_lines(("$t$", "$f(x^t)$"))),
    ("p1-plot", "long words", objective_lines(("number of gradients", "value after each step"))),
    ("p1-plot", "unknown words", objective_lines(("x", "y"))),
    ("p1-plot", "a logarithm in its name", objective_lines(("step", "log-likelihood"))),
]
WRONG: list[tuple[str, str, Plot]] = [
    ("p2c-surface-plot", "one name for both", surface("GD vs USAM", "USAM")),
    ("p2c-surface-plot", "colours swapped", surface(title="red: USAM, blue: GD")),
    ("p2c-surface-plot", "markers swapped", surface(title="GD (dots), USAM (crosses)")),
    ("p2c-surface-plot", "farben vertauscht", surface(title="USAM rot, GD blau")),
    ("p2c-surface-plot", "couleurs", surface(None, None, title="USAM: croix, GD: ronds bleus")),
    ("p2c-surface-plot", "panels swapped", panels(("USAM", "GD"))),
    ("p2c-surface-plot", "Tafeln vertauscht", panels(("mit Störung", "Gradientenverfahren"))),
    ("p2c-surface-plot", "labels swapped", surface(labels=("v", "u"))),
    ("p2c-surface-plot", "words swapped", surface(labels=("parameter $v$", "parameter $u$"))),
    ("p2c-surface-plot", "indices swapped", surface(labels=("$x_2$", "$x_1$"))),
    ("p2c-surface-plot", "entries swapped", surface(labels=("x[1]", "x[0]"))),
    ("p2c-surface-plot", "Einträge", surface(labels=("zweite Komponente", "erste Komponente"))),
    ("p2c-surface-plot", "GD with a radius", surface(gd="GD, ρ = 0.777")),
    ("p2c-surface-plot", "u twice", surface(labels=("u", "u"))),
    ("p2c-surface-plot", "other axes", surface(labels=("ρ", "trace of the Hessian"))),
    ("p2c-surface-plot", "Verlust", surface(labels=("u", "Verlust"))),
    ("p2c-surface-plot", "another η", surface(title="step size 0.77")),
    ("p2c-surface-plot", "eine andere Lernrate", surface(title="Lernrate: 0.77")),
    ("p2c-surface-plot", "another ρ", surface(radii=", radius 0.777")),
    ("p2c-surface-plot", "far above", solid(lambda values: values + 40)),
    ("p2c-surface-plot", "twice as high", solid(lambda values: 8 + 2 * values)),
    ("p2c-surface-plot", "on a plane far above", solid(lambda values: 0 * values + 60)),
    ("p2c-trace-plot", "ρ for η", traces("ρ = {}")),
    ("p2c-trace-plot", "radius for η", traces("radius {}")),
    ("p2c-trace-plot", "ρ above η", traces("{}", legend="$\\rho$")),
    ("p2c-trace-plot", "wrong numbers", traces(number=lambda eta: 2 * eta)),
    ("p2c-trace-plot", "swapped", traces(labels=("trace of the Hessian", "ρ"))),
    ("p2c-trace-plot", "vertauscht", traces(labels=("Spur der Hesse-Matrix", "Radius ρ"))),
    ("p2c-trace-plot", "échangés", traces(labels=("trace", "rayon"))),
    ("p2c-trace-plot", "η across", traces(labels=("step size η", "trace"))),
    ("p2c-trace-plot", "trace twice", traces(labels=("median trace", "median trace"))),
    ("p2c-trace-plot", "a logarithm", traces(labels=("ρ", "log10 of the trace"))),
    ("p3-plot", "another slope", convergence("1/m (slope −1)")),
    ("p3-plot", "a power", convergence("$m^{-1}$")),
    ("p3-plot", "Steigung", convergence("Steigung −1")),
    ("p3-plot", "called data", convergence("errors")),
    ("p3-plot", "upwards", convergence(r"$\sqrt{m}$")),
    ("p3-plot", "names swapped", convergence("error", "slope −1/2")),
    ("p3-plot", "labels swapped", convergence(labels=("relative error", "width"))),
    ("p3-plot", "vertauscht", convergence(labels=("Fehler", "Breite $m$"))),
    ("p3-plot", "échangés", convergence(labels=("erreur relative", "largeur"))),
    ("p1-plot", "swapped", objective_lines(("objective", "iteration"))),
    ("p1-plot", "vertauscht", objective_lines(("Zielfunktion", "Schritt t"))),
    ("p1-plot", "échangés", objective_lines(("objectif", "itération"))),
    ("p1-plot", "one of them", objective_lines(("step", "number of steps"))),
    ("p1-plot", "a logarithm", objective_lines(("step", "log f(x)"))),
]

SEED = 1
MARKED = Together(SEED)
for item, name, plot in RIGHT + WRONG:
    MARKED.add((item, name), HOMEWORK.items[item].problem, {TARGETS[item]: plot}, [item])


@pytest.mark.parametrize("key", [(item, name) for item, name, _ in RIGHT], ids=": ".join)
def test_right_words_lose_nothing(key: tuple[str, str]) -> None:
    marking = MARKED.marking(key)
    assert [(o.test, o.message) for o in failures(marking)] == []


@pytest.mark.parametrize("key", [(item, name) for item, name, _ in WRONG], ids=": ".join)
def test_wrong_words_lose_their_part_alone(key: tuple[str, str]) -> None:
    marking = MARKED.marking(key)
    assert shares(marking) == {key[0]: 0.75}, [(o.test, o.message) for o in failures(marking)]
