"""Names that students give to things in the homework's pictures: English, German, French.

Each word is a regular expression for a text in lower case without accents, with Greek letters spelt
out (`testkit.words.folded`). `Words` match only whole words.
"""

from autograder.grading.testkit import Words, says_number

# --- GD and USAM ----------------------------------------------------------------------------------

ZERO = r"(?:0(?:[.,]0*)?(?![.,]?\d)|zero|null|nul(?:le)?)"
RADIUS = r"(?:rho|radius|radien|radii|rayons?|r)"
DISTURBED = r"(?:perturb\w*|sto?e?rung(?:en)?|gesto?e?rt\w*|ascent|aufstieg\w*|verscharf\w*)"
SAM = r"(?:(?:u|un|n)?sam s?|(?:u|un|n)?sams?|sharpness\w*|scha?e?rfe\w*|nettete|acuite)"

NO_DISTURBANCE = (
    rf"(?:no|non|not|without|w/o|ohne|keine?r?n?|nicht|sans|pas de|zero|null|nulle|aucune?|un)"
    rf"[ (]*(?:any |une |la |die |der |a )?(?:{DISTURBED}|{SAM}|{RADIUS})",
    r"un ?perturbed",
    r"unge ?sto?e?rt\w*",
    rf"{DISTURBED} ?[=:]? ?{ZERO}",
    r"perturbation nulle",
)

ZERO_RADIUS = Words(
    rf"{RADIUS}(?:[ =:()]|(?<![a-z])(?:is|ist|est|equals)(?![a-z]))*{ZERO}", rf"{ZERO} ?= ?{RADIUS}"
)

GD = Words(
    r"s?gd s?", r"s?gds?", r"grad(?:ient)?s?\.? ?desc(?:ent|end|\.)?",
    r"grad(?:ient(?:en?)?)?\.? ?abst(?:\.|iegs?\w*)", r"desc\.? ?(?:de |du )?grad(?:ients?|\.)?",
    r"gradienten?(?: ?abstiegs?)? ?(?:verfahren|methoden?|schritte?)s?", r"gradient methods?",
    r"gradient steps?", r"steepest desc\w*", r"steil\w* abstiegs?", r"descentes? (?:de|du|par|en) "
    r"gradients?", r"(?:methode|algorithme|pas) (?:de|du|des) gradients?", r"plus (?:forte|"
    r"grande) (?:pente|descente)", r"descente la plus rapide",
    r"(?:plain|vanilla|simple|ordinary|standard|usual|pure|normal|classic(?:al)?|gewohnlicher|"
    r"einfacher|klassischer|normaler) gradients?", r"gradient (?:simple|ordinaire|classique|"
    r"normal|standard|usuel)", r"(?:plain|vanilla|simple|ordinary|standard|usual|pure|normal|"
    r"classic(?:al)?|gewohnlicher|einfacher|klassischer|normaler) (?:descent|abstieg)",
    r"descente (?:simple|ordinaire|classique|normale|standard|usuelle)", r"vanilla", r"baseline",
    r"g\. ?d", r"^(?:gradient|abstieg|descente?|standard)$", *NO_DISTURBANCE,
    never=(r"perturbed (?:s?gd|gradients? \w+)", r"gesto?e?rte[rsn]? gradient\w*", r"descente de "
    r"gradient perturbee?", r"sharpness aware gradients?(?: descent| method)?",
    r"scha?e?rfe ?bewusst\w* gradient\w*",
    rf"(?:s?gd|gradient\w*(?: descent| methods?)?|descente de gradient) "
    rf"(?:with|mit|avec|at|am|an|au) (?:an? |the |einer |dem |une |point )?{DISTURBED}"),
)  # fmt: skip

SAM_OF_RADIUS_ZERO = (
    rf"(?:{SAM})[ ,(]*(?:(?:with|mit|avec|at|bei|for|fur|pour) )?(?:an? |the )?{RADIUS}[ =:]*{ZERO}"
    r"(?! ?(?:,|;|/|-|and|und|et|to|bis))"
)
"""Pattern for GD described as USAM of radius zero."""

USAM = Words(
    SAM,
    r"(?:un|nicht|non|de) ?normali[sz]\w*",
    rf"(?:with|mit|avec|and|und) (?:a |einer |une )?{DISTURBED}",
    rf"(?:with|mit|avec) (?:a |einem |un )?{RADIUS}(?![ =:(]*{ZERO})",
    r"perturbed",
    r"gesto?e?rte?[rsn]?",
    r"perturbiert\w*",
    r"perturbee?s?",
    rf"{RADIUS} ?(?:>|<>) ?0",
    r"(?:positive?[rns]?|nonzero|non zero) rhos?",
    rf"{RADIUS} (?:is |ist |est )?positi(?:ve?s?|f)",
    never=(*NO_DISTURBANCE, SAM_OF_RADIUS_ZERO),
)


def says_gd(text: str) -> bool:
    """Return whether a text names GD: by a word, by ρ = 0, or only by the number 0."""
    if GD(text) or ZERO_RADIUS(text):
        return True
    return not USAM(text) and says_number(0.0)(text)


def says_usam(text: str, rhos: list[float]) -> bool:
    """Return whether a text names USAM by a word or by a radius; "USAM, ρ = 0" names GD."""
    if USAM(text):
        return GD(text) or not ZERO_RADIUS(text) or _says_some(text, rhos)
    return not GD(text) and _says_some(text, rhos)


def _says_some(text: str, rhos: list[float]) -> bool:
    return any(says_number(rho)(text) for rho in rhos)


# --- The quantities on the axes -------------------------------------------------------------------

NUMBER = r"(?:number|no\.?|nr\.?|anzahl|zahl|nombre|index|nummer|numero|#)"

RHO = Words(
    r"rhos?",
    r"radi(?:us|i|en)",
    r"rayons?",
    r"perturbations?(?: radius| size| strength)?",
    r"sto?e?r(?:ungs?)?(?: ?radius|starke)?(?:en)?",
    r"rayon de perturbation",
    r"ascent step\w*",
    r"sam radius",
    r"nachbarschaft\w*",
    r"neighbou?rhood(?: size)?",
    r"voisinage",
)
ETA = Words(
    r"etas?",
    r"step ?sizes?",
    r"step ?lengths?",
    r"stepsizes?",
    r"learning ?rates?",
    r"lrs?",
    r"schrittweiten?",
    r"schrittgroe?sse[ns]?",
    r"lernraten?",
    r"pas(?: d apprentissage| de descente| de gradient)?",
    r"taux d apprentissage",
    r"taille d(?:u|e) pas",
    never=(rf"{NUMBER} (?:of|de|der|d) \w+",),
)
TRACE = Words(
    r"traces?",
    r"tr",
    r"spure?n?",
    r"hess\w*",
    r"flatness",
    r"flachheit",
    r"sharpness",
    r"scha?e?rfe",
    r"courbure",
    r"curvature",
    r"krummung",
    r"kruemmung",
)
STEP = Words(
    r"steps?",
    r"iterations?",
    r"iteration(?:en|s)?",
    r"iter\.?",
    r"schritte?[ns]?",
    r"iterationsschritte?",
    r"iterationen",
    r"pas",
    r"etapes?",
    r"time",
    r"zeit",
    r"temps",
    r"epochs?",
    r"epochen?",
    r"epoques?",
    r"^\(?[tk]\)?$",
    NUMBER,
)
OBJECTIVE = Words(
    r"objectives?",
    r"objective (?:function|value)s?",
    r"zielfunktion\w*",
    r"zielwerte?",
    r"funktionswerte?",
    r"function values?",
    r"objectifs?",
    r"fonction (?:objectif|cout|de cout)",
    r"valeurs?",
    r"values?",
    r"werte?",
    r"loss(?:es)?",
    r"verluste?",
    r"pertes?",
    r"cost",
    r"couts?",
    r"kosten\w*",
    r"suboptimality",
    r"f ?\(.*",
)
WIDTH = Words(
    r"widths?",
    r"breiten?",
    r"netzwerkbreite",
    r"netzbreite",
    r"largeurs?",
    r"hidden (?:units|neurons|layer \w+)",
    r"neurons?",
    r"neuron\w*",
    r"neurones?",
    r"units?",
    r"einheiten",
    r"unites?",
    r"^\(?m\)?$",
    NUMBER,
)
ERROR = Words(
    r"err(?:ors?)?\.?",
    r"errors?",
    r"fehler\w*",
    r"erreurs?",
    r"deviations?",
    r"abweichung\w*",
    r"ecarts?",
    r"differences?",
    r"differenz\w*",
    r"distances?",
    r"abstand\w*",
    r"relative(?:r|s)? fehler\w*",
    r"norms?",
    r"normes?",
)
DATA = Words(
    *(r"empirical\w*", r"empirisch\w*", r"empiriques?", r"measured", r"gemessen\w*", r"mesuree?s?"),
    *(r"errors?", r"fehler", r"erreurs?", r"kernels?", r"kern", r"noyaux?", r"data", r"daten"),
    *(r"donnees", r"ntk"),
)
"""Names for the errors in the convergence picture."""
