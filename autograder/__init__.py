"""The kit: releases an assignment, marks submissions behind a sandbox, records the marks."""

import importlib
import sys

if "jsonschema" not in sys.modules and "rfc3987_syntax" not in sys.modules:
    # nbformat imports jsonschema, which reads a grammar where this package is installed: 1.5 s at
    # every start, to check a format ("iri") that no notebook has. Without it, it does without.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    importlib.import_module("jsonschema")
    del sys.modules["rfc3987_syntax"]
