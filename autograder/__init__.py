"""The kit releases assignments, marks submissions in a sandbox and records the marks."""

import sys

# nbformat imports jsonschema. To check durations, which no notebook has, jsonschema imports
# isoduration and with it arrow, and that takes long. The value None hides isoduration, and
# jsonschema then skips the check.
sys.modules.setdefault("isoduration", None)  # type: ignore[arg-type]
