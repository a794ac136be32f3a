"""Where a scheduler may be, and with which certificates it is talked to.

Dask runs whatever it is sent, on every machine of a cluster, and sends it as it is. So hidden
tests go to a scheduler that has shown a certificate, or to one on this machine.
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
"""What Dask calls them, and the names of the files in the folder of certificates."""


def contact(address: str, certificates: Path | None = None) -> tuple[str, Security | None]:
    """Return how Dask reaches the scheduler at tcp://HOST:PORT or tls://HOST:PORT, and by what.

    KitError if that would not be safe. `certificates` is a folder with ca.pem, cert.pem and
    key.pem (default: as Dask is configured).
    """
    parts, port = _split(address)
    if parts.scheme == "tls":
        return address, _security(address, certificates)
    if certificates is not None:
        raise KitError(f"{address} makes no use of certificates: write tls://{parts.netloc}")
    found = _resolve(parts.hostname or "", port)
    if outside := [each for each in found if not is_loopback(each)]:
        raise KitError(
            f"{address} is on another machine ({outside[0]}) and tcp:// neither encrypts nor asks "
            f"who is there, so hidden tests are not sent to it. Use tls://{parts.netloc} with "
            f"certificates (--cluster-tls FOLDER), or a tunnel: ssh -N -L {port}:127.0.0.1:{port} "
            f"HOST, and then --cluster tcp://127.0.0.1:{port}"
        )
    # the address that was looked at, not a name that may come to mean another one
    host = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
    return f"tcp://{host}:{port}", None


def is_loopback(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is this machine's own, also where an IPv4 address is written as an IPv6 one."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_plain_and_outside(address: str) -> bool:
    """Whether a Dask address such as a worker's is reached in the clear, over a network."""
    parts = urlsplit(address)
    try:
        return parts.scheme == "tcp" and not is_loopback(ip_address(parts.hostname or ""))
    except ValueError:  # a name
        return parts.scheme == "tcp"


def _split(address: str) -> tuple[SplitResult, int]:
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        if parts.scheme in ("tcp", "tls") and parts.hostname and parts.port and not parts.path:
            return parts, parts.port
    raise KitError(
        f"{address!r} is no scheduler's address: write tcp://HOST:PORT or tls://HOST:PORT, "
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
            f"there is no {missing[0]}: --cluster-tls names a folder with ca.pem (who is to be "
            "trusted), cert.pem and key.pem (who this is)"
        )
    security: Any = Security(require_encryption=True, **found)
    if not (security.tls_ca_file and security.tls_client_cert):  # Dask's settings have none, too
        raise KitError(
            f"{address} needs certificates: name their folder with --cluster-tls FOLDER, or "
            "give Dask distributed.comm.tls.ca-file, .client.cert and .client.key"
        )
    try:
        security.get_connection_args("client")
    except (OSError, ValueError) as error:  # ssl's own errors are OSErrors
        raise KitError(f"the certificates for {address} can't be used: {error}") from error
    return security
