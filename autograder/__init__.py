"""The kit releases assignments, marks submissions in a sandbox and records the marks."""

import sys

# nbformat imports jsonschema, which imports this package for a format that no notebook has. The
# value None hides the package from jsonschema, which then skips the check.
sys.modules.setdefault("isoduration", None)  # type: ignore[arg-type]
