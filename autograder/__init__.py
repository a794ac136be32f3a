"""The kit releases assignments, marks submissions in a sandbox and records the marks."""

import sys

# nbformat imports jsonschema, which imports these packages if they are installed. They check
# formats that no notebook has ("iri" and "duration"), and the first costs 1.5 s at every start. The
# value None hides them from jsonschema, which then skips these checks.
for _name in ("rfc3987_syntax", "isoduration"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]
