"""The command `fdl`: its commands with examples, grouped in the order of their use in a term.

Exit codes:

- 0: done.
- 1: done, but with a problem: a release that is not fit to publish, an unmarked submission.
- 2: fdl could not do what was asked; the message says why.
- 3: an error in fdl itself; the message names the file with its traceback.
- 130: stopped by Ctrl-C.
"""

from __future__ import annotations

from importlib import import_module

from autograder.commands.common import app

__all__ = ["GROUPS", "app"]

GROUPS = {
    "Begin: once, before the term": {
        "new": 'fdl new hw3 --title "Homework 3" --due 2025-11-21T23:55',
        "adopt": "fdl adopt ../course101/source/ps1 --due 2025-11-21T23:55",
        "demo": "fdl demo hw2",
        "doctor": "fdl doctor",
    },
    "Publish: before a homework opens": {
        "release": "fdl release hw2",
        "prove": "fdl prove hw2 --matrix matrix.html",
    },
    "Collect and grade: after the due date": {
        "intake": "fdl intake hw2 EXPORT.zip --students students.csv",
        "collect": "fdl collect hw2 --students students.csv --url https://github.com/ORG/hw2-{github}",
        "grade": "fdl grade hw2",
        "mark": "fdl mark submitted/anna/hw2 --instructor",
        "desk": "fdl desk hw2",
        "agreement": "fdl agreement hw2",
        "regrade": "fdl regrade hw2 --apply",
    },
    "Hand back: once the marks are final": {
        "feedback": "fdl feedback hw2",
        "report": "fdl report hw2 --anonymous",
        "export": "fdl export hw2 --to moodle --roster worksheet.csv --output marks.csv",
        "standing": "fdl standing --to csv --output standing.csv",
    },
    "Mark elsewhere: on Gradescope or GitHub": {
        "gradescope": "fdl gradescope hw2 --output hw2.zip",
        "github": "fdl github hw2 --output hw2-template",
    },
    "Look after the course: at any time": {
        "status": "fdl status",
        "restore": "fdl restore",
    },
}
"""An example of each command, grouped by the headings of `fdl --help`."""

KINDS = (
    *("new", "demo", "machine", "release", "intake", "collect", "grade", "mark", "desk", "markers"),
    *("report", "feedback", "marks", "platforms", "status", "gradebook"),
)
"""The modules of `commands` that add commands to the app."""

for kind in KINDS:
    import_module(f"autograder.commands.{kind}")

_PLACES = {
    name: (group, f"Example: {example}")
    for group, examples in GROUPS.items()
    for name, example in examples.items()
}
app.registered_commands.sort(key=lambda each: list(_PLACES).index(str(each.name)))
for each in app.registered_commands:
    each.rich_help_panel, each.epilog = _PLACES[str(each.name)]

if __name__ == "__main__":
    app()
