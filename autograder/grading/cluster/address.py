"""Check the address of a scheduler, and read the certificates for the connection.

Dask runs any code that it receives, on every machine of a cluster, and by default it encrypts
nothing. So hidden tests are sent only to a scheduler that has a certificate or runs on this
machine.
"""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from distributed.security import Security

from autograder.errors import KitError

FILES = {"tls_ca_file": "ca.pem", "tls_client_cert": "cert.pem", "tls_client_key": "key.pem"}
"""Dask's names for the certificates, each with its file name in the folder."""


def contact(address: str, certificates: Path | None = None) -> tuple[str, Security | None]:
    """Return Dask's address and security for a scheduler at tcp://HOST:PORT or tls://HOST:PORT.

    Raise KitError if the connection would not be safe. `certificates` is a folder with ca.pem,
    cert.pem and key.pem (default: Dask's own configuration).
    """
    parts, port = _split(address)
    if parts.scheme == "tls":
        return address, _security(address, certificates)
    if certificates is not None:
        raise KitError(f"{address} does not use certificates: write tls://{parts.netloc}")
    found = _resolve(parts.hostname or "", port)
    if outside := [each for each in found if not is_loopback(each)]:
        raise KitError(
            f"{address} is on another machine ({outside[0]}), and tcp:// has no encryption and no "
            f"authentication, so hidden tests are not sent to it. Use tls://{parts.netloc} with "
            f"certificates (--cluster-tls FOLDER), or a tunnel: ssh -N -L {port}:127.0.0.1:{port} "
            f"HOST, and then --cluster tcp://127.0.0.1:{port}"
        )
    # the address that was checked, not a name that may later resolve to another address
    host = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
    return f"tcp://{host}:{port}", None


def is_loopback(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is this machine's own, even if it is IPv4 written as IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_plain_and_outside(address: str) -> bool:
    """Return whether connections to a Dask address leave this machine without encryption."""
    parts = urlsplit(address)
    try:
        return parts.scheme == "tcp" and not is_loopback(ip_address(parts.hostname or ""))
    except ValueError:  # a host's name
        return parts.scheme == "tcp"


def _split(address: str) -> tuple[SplitResult, int]:
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme in ("tcp", "tls") and parts.hostname and parts.port and not parts.path:
            return parts, parts.port
    raise KitError(
        f"{address!r} is not a scheduler's address: write tcp://HOST:PORT or tls://HOST:PORT, "
        "such as tcp://127.0.0.1:8786 (IPv6: tcp://[::1]:8786)"
    )


def _resolve(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise KitError(f"the scheduler's machine {host} can't be found: {error}") from error
    return [ip_address(str(where[0]).partition("%")[0]) for *_, where in found]


def _security(address: str, folder: Path | None) -> Any:
    found = {key: str(folder / name) for key, name in FILES.items()} if folder else {}
    if missing := [path for path in found.values() if not Path(path).is_file()]:
        raise KitError(
            f"{missing[0]} does not exist: --cluster-tls needs a folder with ca.pem (the authority "
            "to trust), cert.pem and key.pem (this machine's certificate and its key)"
        )
    security: Any = Security(require_encryption=True, **found)
    if not (security.tls_ca_file and security.tls_client_cert):  # not in Dask's settings either
        raise KitError(
            f"{address} needs certificates: give their folder with --cluster-tls FOLDER, or "
            "set distributed.comm.tls.ca-file, .client.cert and .client.key for Dask"
        )
    try:
        security.get_connection_args("client")
    except (OSError, ValueError) as error:  # ssl's own errors are OSErrors
        raise KitError(f"the certificates for {address} can't be used: {error}") from error
    return security
