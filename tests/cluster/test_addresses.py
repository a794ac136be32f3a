"""Hidden tests go only to schedulers with a certificate, or to a scheduler on this machine."""

from __future__ import annotations

import builtins
import socket
import sys
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import KitError
from autograder.grading.cluster.address import contact, is_plain_and_outside
from autograder.grading.jobs import MarkSettings
from tests.gradebook.course import hand_in, write_course


def resolving(monkeypatch: pytest.MonkeyPatch, **hosts: list[str]) -> None:
    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in hosts.get(host, [host])]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tcp://127.9.8.7:1", "tcp://127.9.8.7:1"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        # Python 3.13 writes the last four bytes as an IPv4 address
        ("tcp://[::ffff:127.0.0.1]:8786", f"tcp://[{IPv6Address('::ffff:7f00:1')}]:8786"),
    ],
)
def test_loopback_needs_no_certificate(address: str, used: str) -> None:
    assert contact(address)[0] == used


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "192.168.1.2", "0.0.0.0", "[fe80::1]", "[::ffff:10.0.0.5]", "[::]"]
)
def test_plain_tcp_to_another_machine_is_refused_with_what_to_do(host: str) -> None:
    with pytest.raises(KitError, match="another machine") as refused:
        contact(f"tcp://{host}:8786")
    assert f"tls://{host}:8786" in str(refused.value)
    assert "ssh -N -L 8786:127.0.0.1:8786" in str(refused.value)


def test_a_name_is_judged_by_all_that_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, here=["127.0.0.1", "::1"], both=["127.0.0.1", "10.0.0.5"])
    assert contact("tcp://here:8786")[0] == "tcp://127.0.0.1:8786"
    with pytest.raises(KitError, match=r"10\.0\.0\.5"):
        contact("tcp://both:8786")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:8786", "tcp://127.0.0.1", "ws://127.0.0.1:1", "inproc://x/1", "tcp://[::"],
)
def test_what_is_no_address_is_told_by_example(address: str) -> None:
    with pytest.raises(KitError, match=r"tcp://127\.0\.0\.1:8786"):
        contact(address)


def test_certificates_that_are_missing_or_broken_are_named(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="--cluster-tls FOLDER"):
        contact("tls://10.0.0.5:8786")
    with pytest.raises(KitError, match=r"ca\.pem does not exist"):
        contact("tls://10.0.0.5:8786", tmp_path)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("no certificate")
    with pytest.raises(KitError, match="can't be used"):
        contact("tls://10.0.0.5:8786", tmp_path)
    with pytest.raises(KitError, match="write tls://"):
        contact("tcp://127.0.0.1:8786", tmp_path)


def test_workers_over_a_network_in_the_clear_are_known() -> None:
    assert is_plain_and_outside("tcp://10.0.0.5:4000")
    assert not is_plain_and_outside("tls://10.0.0.5:4000")
    assert not is_plain_and_outside("tcp://127.0.0.1:4000")
    assert not is_plain_and_outside("tcp://[::1]:4000")


def test_missing_extra_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hand_in(write_course(tmp_path), "anna")
    for name in ("address", "run", "workers", "worker"):
        monkeypatch.delitem(sys.modules, f"autograder.grading.cluster.{name}", raising=False)
    real = builtins.__import__

    def without_dask(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] in ("dask", "distributed"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_dask)
    command = ["grade", "hw", "--course", str(tmp_path), "--cluster", "tcp://127.0.0.1:1"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2, done.output
    assert "pip install 'fdl-homework-kit[cluster]'" in " ".join(done.output.split())


def test_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograder.grading.cluster import workers

    from .machines import free_port

    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1.0)
    with pytest.raises(KitError, match="no Dask scheduler can be reached at tcp://127"):
        workers.Workers(f"tcp://127.0.0.1:{free_port()}", None, MarkSettings(), print)
