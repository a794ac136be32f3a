"""The content security policy of pages on the Jupyter server, and their copy of MathJax."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

MATHJAX = "fdl-mathjax"
"""MathJax's path on the server, relative to the server's base URL."""

_CONFIGURATION = "TeX-AMS-MML_HTMLorMML-full,Safe"


def policy(nonce: str, inline: Iterable[str] = ()) -> str:
    """Return a page's policy, which allows only its own scripts, styles and pictures.

    `inline` are the scripts in attributes to allow as well.
    """
    hashes = " ".join(f"'sha256-{_sha256(code)}'" for code in inline)
    unsafe = f" 'unsafe-hashes' {hashes}" if hashes else ""
    return (
        "default-src 'none'; "
        f"script-src 'nonce-{nonce}' 'strict-dynamic'{unsafe}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'"
    )


def _sha256(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def set_policy(handler: Any, nonce: str, inline: Iterable[str] = ()) -> None:
    """Apply this policy to the page that a Jupyter handler returns."""
    own = handler.content_security_policy.split(";")
    # keep the rule for frames; drop report-uri, since Jupyter requires a token for reports
    kept = [part.strip() for part in own if not part.strip().startswith("report-uri")]
    handler.set_header("Content-Security-Policy", "; ".join([*kept, policy(nonce, inline)]))


def serve_mathjax(handler: Any) -> str:
    """Serve MathJax from this server, and return its address."""
    base = f"{handler.base_url.rstrip('/')}/{MATHJAX}"
    if "fdl_mathjax" not in handler.settings:
        route = (rf"{re.escape(base)}/(.*)", StaticFileHandler, {"path": str(mathjax_folder())})
        handler.application.add_handlers(".*$", [route])
        handler.settings["fdl_mathjax"] = base
    return f"{base}/MathJax.js?config={_CONFIGURATION}"


def mathjax_folder() -> Path:
    """Return the folder of MathJax's files in the package jupyter-server-mathjax."""
    found = find_spec("jupyter_server_mathjax")
    if found is None or found.origin is None:
        raise ImportError("formulas need the package jupyter-server-mathjax")
    return Path(found.origin).parent / "static"
