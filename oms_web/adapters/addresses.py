"""Which addresses a request may go to: the account's own host, and no private network behind it.

The host name is resolved once, every address it has is checked, and the connection goes to the
checked address, so a name that changes its mind between check and use gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from oms_connector import ChannelDown

# is_global lets these through: IPv4 in IPv6 clothes (6to4, NAT64), multicast, protocol block.
_EMBEDDING = (
    ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("192.0.0.0/24"),
)
_PORTS = {"http": 80, "https": 443}


class ForbiddenAddress(ChannelDown):
    """The address leads into the own network, or away from the account's shop."""


def check_address(host: str, port: int, *, loopback: bool) -> str:
    """An address of ``host`` that may be connected to.

    Raises:
        ForbiddenAddress: it has an address inside a private network.
        ChannelDown: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label longer than 63 is a UnicodeError
        raise ChannelDown(f"the address {host} is not known") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for text in addresses:
        address = ipaddress.ip_address(text)
        if address.is_loopback and loopback:
            continue
        embedded = any(address in net for net in _EMBEDDING if net.version == address.version)
        if not address.is_global or address.is_multicast or embedded:
            raise ForbiddenAddress(f"{host} leads to {text}, which is not a public address")
    return addresses[0]


def resolve(
    base: str, path: str, params: Mapping[str, Any] | None, also: Sequence[str] = ()
) -> SplitResult:
    """The whole address of a request: ``path`` under ``base``, or absolute at the same host.

    ``params`` are added to what the path asks already; lists become repeated names, None is left
    out. ``also``: further hosts, by their addresses, that an absolute address may be at;
    ``https://*.files.example`` stands for every host below that domain.

    Raises:
        ForbiddenAddress: an absolute address at another host, or one that gives encryption up.
        ChannelDown: the base is no web address.
    """
    home = _split(base)
    if home.scheme not in _PORTS or not home.hostname:
        raise ChannelDown("the shop's address must begin with http:// or https://")
    absolute = path.lower().startswith(("http://", "https://"))
    parts = _split(path if absolute else base.rstrip("/") + "/" + path.lstrip("/"))
    if absolute and not any(_same_place(_split(one), parts) for one in (base, *also)):
        raise ForbiddenAddress("the channel names an address that is not its own")
    asked = "&".join(filter(None, (parts.query, urlencode(list(_pairs(params)), quote_via=quote))))
    own = parts.netloc.rpartition("@")[2]  # a password in the address is not sent anywhere
    return parts._replace(netloc=own, query=asked, fragment="")


def port_of(parts: SplitResult) -> int:
    """The port that an address means."""
    return parts.port or _PORTS[parts.scheme]


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError as error:
        raise ChannelDown("the shop's address cannot be read") from error
    return parts


def _same_place(home: SplitResult, other: SplitResult) -> bool:
    if other.username or other.password or not other.hostname:
        return False
    if (home.hostname or "").startswith("*."):
        return _is_below(home, other)
    if other.hostname != home.hostname:
        return False
    if (other.scheme, port_of(other)) == (home.scheme, port_of(home)):
        return True
    # A shop that was entered with http:// names itself with https://.
    return home.scheme == "http" and other.scheme == "https" \
        and port_of(home) == 80 and port_of(other) == 443


def _is_below(home: SplitResult, other: SplitResult) -> bool:
    """Whether an address is of any host below a domain: always encrypted, on the usual port."""
    domain = (home.hostname or "")[1:]
    name = other.hostname or ""
    return home.scheme == other.scheme == "https" and port_of(other) == _PORTS["https"] \
        and domain.count(".") > 1 and name.endswith(domain) and len(name) > len(domain)


def _pairs(params: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for name, value in (params or {}).items():
        for one in value if _is_list(value) else (value,):
            if one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes)
