"""List texts that are not plain English; without PATH, check all texts that must be plain."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

from .lint import CHECKED, ROOT, check


def main() -> int:
    """Print the findings by place; return 1 if there are any."""
    parser = ArgumentParser(prog="python -m tests.prose", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a file or a folder")
    parser.add_argument("--count", action="store_true", help="only count what each rule finds")
    asked = parser.parse_args()
    paths = [path.resolve() for path in asked.paths] or [ROOT / name for name in CHECKED]
    findings, _ = check(paths)
    if asked.count:
        for rule, number in Counter(finding.rule for finding in findings).most_common():
            print(f"{number:5} {rule}")
    else:
        print(*findings, sep="\n", end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
