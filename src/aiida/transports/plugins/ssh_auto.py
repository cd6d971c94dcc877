"""SSH that chooses its back end: asyncssh where it can do what the host's configuration asks for, else the system's ssh."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from aiida.common.exceptions import InvalidOperation
from aiida.transports.errors import Refused
from aiida.transports.fields import AuthOption, field
from aiida.transports.plugins.openssh import find_master, read_config
from aiida.transports.plugins.ssh_async import AsyncSshTransport

__all__ = ("SshAutoTransport", "choose_backend")


class SshAutoTransport(AsyncSshTransport):
    """Transport over SSH that chooses the faster of two ways that works."""

    _valid_auth_options: ClassVar[list[AuthOption]] = [
        *(option for option in AsyncSshTransport._valid_auth_options if option[0] not in ("backend", "use_sftp")),
        field("ssh_config", "SSH configuration file", "Another file than ~/.ssh/config.", type=str),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: why the back end was chosen, for people.
        self.reason = ""

    async def open_async(self) -> AsyncSshTransport:
        """Connect by the way that fits; if asyncssh is turned away, by the system's ssh before giving up."""
        if self._is_open:
            raise InvalidOperation("Cannot open the transport twice")
        self.backend_name, self.reason = await choose_backend(self.machine, self._config_file)
        self.logger.debug("%s: %s, because %s", self.machine, self.backend_name, self.reason)
        try:
            return await super().open_async()
        except Refused as refusal:
            if self.backend_name == "openssh":
                raise
            self.backend_name, self.reason = "openssh", f"asyncssh was turned away: {refusal}"
            try:
                return await super().open_async()
            except Refused as second:
                raise Refused(f"{second} (before that, by asyncssh: {refusal})") from second


async def choose_backend(host: str, config_file: str | None = None) -> tuple[str, str]:
    """Return the name of the back end for a host, and the reason."""
    if await find_master(host, config_file) is not None:
        return "openssh", "a master connection to the host is open already: no second login is needed"
    settings = await read_config(host, config_file)
    if not settings:
        return "asyncssh", "there is no `ssh` on this machine"
    for key, value, meaning in _NEEDS_OPENSSH:
        if settings.get(key, "").lower() in value:
            return "openssh", meaning
    if settings.get("pkcs11provider", "none") != "none" or settings.get("securitykeyprovider", "internal") not in ("internal", "none"):
        return "openssh", "a key on a token is used"
    path = config_file or os.path.expanduser("~/.ssh/config")
    if _has_match(path):
        return "openssh", "the configuration has `Match` blocks, which only ssh itself evaluates in full"
    return "asyncssh", "nothing in the configuration of the host asks for more"


_NEEDS_OPENSSH = (
    ("gssapiauthentication", ("yes",), "Kerberos is asked for"),
    ("hostbasedauthentication", ("yes",), "host-based authentication is asked for"),
)


def _has_match(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as handle:
            return any(line.strip().lower().startswith("match ") for line in handle)
    except OSError:
        return False
