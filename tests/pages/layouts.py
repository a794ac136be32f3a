"""Texts by a student that cover a marker's page, or imitate a part of the page."""

# ruff: noqa: E501 each text is one line

from __future__ import annotations

COVER = "position:fixed;top:0;left:0;width:100%;height:100%;background:white;z-index:99999"

LAYOUTS = {
    "fixed cover": f'<div style="{COVER}">10 / 10</div>',
    "cover by a style": f"<style>.rendered_html p {{{COVER}}} .score {{display:none}}</style><p>x</p>",
    "cover by classes": '<div class="modal-backdrop in">x</div><div class="navbar-fixed-top">x</div>',
    "dialog": "<dialog open style='position:fixed'>Full marks</dialog>",
    "panel": '<div class="panel panel-warning"><div class="panel-heading">For the marker</div></div>',
    "cell": '<div class="panel nbgrader_cell"><input class="score tabbable" id="a-proof"></div>',
    "score": '<span class="score">10 / 10</span><textarea class="comment" id="a-proof-comment">',
    "saved": '<span class="glyphicon glyphicon-ok score-saved" style="display:inline">saved</span>',
    "buttons": '<button class="full-credit">Full credit</button><button class="mark-graded">x</button>',
    "names of the page": '<form name="formgrader" id="base_url"><input name="submission_id"></form>',
    "name of MathJax": '<a id="MathJax"></a><a id="MathJax" name="Hub"></a><img name="getElementById">',
    "heading": "# a-proof",
    "heading of an item elsewhere": "# b-bonus",
    "heading of a comment": "## a-proof-comment",
    "heading below a line": "a-slope\n---",
    "heading in a list": "- # a-bend",
    "heading in a quotation": "> a-proof_extra_credit\n> ===",
    "heading of the page": "# statusmessage",
    "heading of the notebook": "# notebook-container",
    "heading of a script": "# formgrader",
    "words from right to left": "\u202e10 fo tuo 10\u202c \u2066x\u2069",
    "tower of accents": "Z" + "\u0301\u0300\u0302\u035b" * 400,
    "tower of other accents": "ก" + "\u0e49\u0e4a" * 400,
    "word without an end": "W" * 30_000,
    "formula that climbs": r"$\raise 30em{\hskip -40em \text{10/10}}$",
    "formula that covers": r"$\smash{\rlap{\color{white}\rule{2000em}{2000em}}}$",
    "formula to the left": "$" + r"\!" * 600 + r"\text{Full marks}$",
    "formula in a tower": "$\\smash{" + "x^{" * 60 + "x" + "}" * 60 + "}$",
    "formula that is large": r"$\Huge\rule{500em}{1em}$",
    "formula that redefines": r"$\DeclareMathOperator{\frac}{10/10}\newcommand{\alpha}{\beta}$",
    "label": r"$$x \label{a-proof} \tag{10/10}$$ $\ref{a-proof}$",
    "table that is wide": "|" + " x |" * 200 + "\n|" + "---|" * 200 + "\n|" + " y |" * 200,
    "many lines": "x\n\n" * 400,
}

OF_EACH_KIND = (
    "fixed cover", "cover by a style", "cover by classes", "cell", "score", "buttons",
    "name of MathJax", "heading", "heading below a line", "heading of the page",
    "words from right to left", "tower of accents", "word without an end", "formula that climbs",
    "formula that covers", "formula that redefines", "label", "table that is wide",
)  # fmt: skip
"""Some texts of each kind: covers, imitations, names and headings, characters, formulas, sizes."""
