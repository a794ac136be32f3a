"""The shared code of visible checks, the same for every homework.

`source/NAME/checks.py` contains only a homework's checks and hints; it begins with

    from autograder.release.checkskit import *

and `fdl release` replaces that line with these modules: students get one file that needs only
numpy and matplotlib. A check is a function named like its item, with three hints:

    @check("a nudge", "the shape of the answer", "where to look")
    def p1_newton(yours: Answers) -> Lines:
        answer = yours.newton(square_minus_two, doubled, 2.0, 2)
        yield close(answer, (2, 3 / 2, 17 / 12), "Two steps from 2 for x² − 2")

The function yields a line for each comparison that holds, and stops at the first one that fails. An
error, even an error in the student's code, becomes a verdict in plain words.
"""

from autograder.release.checkskit.answers import *
from autograder.release.checkskit.calls import *
from autograder.release.checkskit.formulas import *
from autograder.release.checkskit.items import *
from autograder.release.checkskit.memory import *
from autograder.release.checkskit.notebooks import *
from autograder.release.checkskit.packing import *
from autograder.release.checkskit.pictures import *
from autograder.release.checkskit.rehearsal import *
from autograder.release.checkskit.terminals import *
from autograder.release.checkskit.verdicts import *
