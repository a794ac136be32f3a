"""Visible checks of HOMEWORK: they show what is right so far, and what to look at next.

Each item that is marked by tests has a function here, and a cell of its notebook calls it with
`globals()`. When you are done, `checks.pack()` (or `python checks.py pack`) runs your saved
notebooks again and packs them into one file to hand in.

A ✓ is a good sign, but earns no points: the tests may use other inputs.
"""

from __future__ import annotations

# HOMEWORK_IMPORTS
from autograder.release.checkskit import *

NUDGE = "Run your code on the example of this check. Which step gives a different result on paper?"
SHAPE = "The question says which names to define, and which values they return or have."
PLACE = "The text above this check."


def raises(error: Any, call: Any, what: str) -> None:
    """Check that a call raises an error."""
    try:
        call()
    except NotImplementedError:
        raise CheckError("open", f"{what} still raises NotImplementedError.") from None
    except CheckError:
        raise
    except error:
        return
    except Exception as other:
        expect(False, f"{what} raises {type(other).__name__}, but should raise a different error.")
    expect(False, f"{what} should raise an error, but it raises none.")


def written(yours: Answers, name: str) -> str:
    """Check that an answer exists and is no longer the line that students replace."""
    code = getattr(yours.value(name), "__code__", None)
    unwritten = code is not None and "NotImplementedError" in code.co_names
    expect(not unwritten, f"`{name}` still raises NotImplementedError.", "open")
    return f"`{name}` is written; its tests run when it is marked"
