"""The machinery of a homework's visible checks, the same for every homework.

`source/NAME/checks.py` holds a homework's checks and hints alone; it begins with

    from autograder.release.checkskit import *

and `fdl release` puts these modules in the place of that line: students get one file that needs
numpy and matplotlib only. A check is a function named like its item, with three hints:

    @check("a nudge", "the shape of the answer", "where to look")
    def p1_newton(yours: Answers) -> Lines:
        answer = yours.newton(lambda x: x**2 - 2, lambda x: 2 * x, 2.0, 2)
        yield close(answer, (2, 3 / 2, 17 / 12), "Two steps from 2 for x² − 2")

It yields a line for each comparison that holds; the first that does not ends it. What it raises
and whatever the student's code does becomes a verdict in plain words.
"""

from autograder.release.checkskit.answers import *
from autograder.release.checkskit.items import *
from autograder.release.checkskit.packing import *
from autograder.release.checkskit.pictures import *
from autograder.release.checkskit.verdicts import *
