"""Every transport that needs nothing but this machine, against the public suite."""

from __future__ import annotations

from aiida.tools.checks.transport import check_transport
from aiida.transports.plugins.local import LocalTransport


def test_local(tmp_path):
    check_transport(lambda: LocalTransport(machine="localhost"), str(tmp_path))


def test_local_without_login_shell(tmp_path):
    check_transport(lambda: LocalTransport(machine="localhost", use_login_shell=False), str(tmp_path))
