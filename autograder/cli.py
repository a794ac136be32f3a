"""The command `fdl`: each module of `commands` adds the commands of one kind of work.

Exit codes: 0 as asked, 1 done but something is not as it should be (an unfit release, a
submission that could not be marked), 2 can't be done as asked, 3 an error in fdl itself (its
traceback is in a file that the message names), 130 stopped by Ctrl-C.
"""

from importlib import import_module

from autograder.commands.common import app

__all__ = ["app"]

# in the order of a term, which is the order of `fdl --help`
for kind in (
    *("new", "release", "intake", "collect", "grade", "mark", "report", "marks", "platforms"),
    *("gradebook", "demo", "machine"),
):
    import_module(f"autograder.commands.{kind}")

if __name__ == "__main__":
    app()
