"""The kit releases assignments, marks submissions in a sandbox and records the marks."""

import importlib
import sys

if "jsonschema" not in sys.modules and "rfc3987_syntax" not in sys.modules:
    # nbformat imports jsonschema. If rfc3987_syntax is installed, jsonschema reads its grammar:
    # 1.5 s at every start, to check a format ("iri") that no notebook has. The None below hides
    # rfc3987_syntax during the import, and jsonschema then skips this check.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    importlib.import_module("jsonschema")
    del sys.modules["rfc3987_syntax"]
