"""The host of a URL as a browser would find it, in one spelling; nothing here looks anything up on a network.

Follows the URL standard (https://url.spec.whatwg.org, host parsing) where people abuse it: userinfo before the host,
backslashes, tabs and line ends inside, missing or doubled slashes, percent-encoding, numbers for IPv4, full-width dots,
trailing dots, Unicode names. What a browser would refuse has no host.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address

import unicodedata2

from zelo.policy.functions.folding import lower

_DROPPED = str.maketrans(dict.fromkeys("\t\n\r"))
_EDGES = "".join(map(chr, range(0x21)))
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})
_IGNORED = str.maketrans(dict.fromkeys("\u00ad\u034f\u180b\u180c\u180d\u200b\u200c\u200d\u2060\u2064\ufeff"))
_FORBIDDEN = frozenset(" #/:<>?@[\\]^|%\x7f").union(map(chr, range(0x21)))
"""Forbidden host code points of the URL standard, and the control characters."""
_HOST_LIMIT, _LABEL_LIMIT = 253, 63
"""Octets in a name and in each part of it (RFC 1035, 2.3.4)."""

_KEPT_CASE = {"\u00df": "\u00df", "\u1e9e": "\u00df", "\u03c2": "\u03c2"}
"""Sharp s and final sigma are letters of their own in names (UTS 46, non-transitional)."""

_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+.-")
_HEX = frozenset("0123456789abcdef")
_WITH_HOST = frozenset(("http", "https", "ws", "wss", "ftp"))
"""Schemes whose slashes a browser does not insist on."""


def host_of(text: str) -> str | None:
    """Return the host of a URL, an address or a bare host; None when it has none.

    Lower case, punycode, without port, trailing dot or brackets. A text without a scheme counts if its host is an
    address or a name with a dot and a last part that can be a top-level domain.
    """
    url = text.strip(_EDGES).translate(_DROPPED)
    url = url if url.isascii() else url.encode("utf-8", "replace").decode("utf-8")
    rest, named = _after_scheme(url)
    if rest is None:
        return None
    authority = _before_any(rest, "/?#" if named == "other" else "/?#\\")
    written = _without_port(authority.rpartition("@")[2])
    host = normal_host(written)
    if named == "none" and not (host and _plausible(host, written)):
        return None
    return host


def _plausible(host: str, written: str) -> bool:
    """Whether a host without a scheme before it is meant as one: an address in full, or a name with a likely ending."""
    if is_address(host):
        return ":" in host or written == host
    _, dot, last = host.rpartition(".")
    return dot == "." and ((len(last) >= 2 and last.isalpha()) or last.startswith("xn--"))


def _after_scheme(url: str) -> tuple[str | None, str]:
    """Return what follows the scheme and its slashes, and whether that is a web scheme, an other one or none."""
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or not scheme[:1].isalpha() or not _SCHEME.issuperset(scheme):
        scheme, rest = "", url
    if not scheme or (scheme not in _WITH_HOST and _before_any(rest, "/?#\\").isdigit()):
        return url.lstrip("/\\") if url[:2].replace("\\", "/") == "//" else url, "none"
    if scheme in _WITH_HOST:
        return rest.lstrip("/\\"), "web"
    return (rest[2:], "other") if rest.startswith("//") else (None, "other")


def _before_any(text: str, stops: str) -> str:
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text


def _without_port(authority: str) -> str:
    """Return what stands before the port; empty when the port is none."""
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority
    return host if not port or (port.isascii() and port.isdigit()) else ""


def normal_host(host: str) -> str | None:
    """Return a host in its one spelling, or None where a browser would refuse it."""
    if host.startswith("["):
        return _ipv6(host)
    name = _ascii_name(_percent_decoded(host))
    if name is None:
        return None
    labels = name.split(".")
    if _is_number(labels[-1]):
        return _ipv4(labels)
    return name


def unicode_labels(host: str) -> list[str]:
    """Return the labels of a host in its one spelling, punycode undone."""
    return [label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in host.split(".")]


def is_address(host: str) -> bool:
    """Whether a host in its one spelling is an IP address."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def _percent_decoded(text: str) -> str | None:
    """Return the text with each %XX decoded as UTF-8, or None where that is not UTF-8."""
    if "%" not in text:
        return text
    head, *pieces = text.split("%")
    octets = bytearray(head.encode())
    for piece in pieces:
        try:
            octets += bytes.fromhex(piece[:2]) if len(piece[:2]) == 2 else b"%" + piece[:2].encode()
        except ValueError:
            octets += b"%" + piece[:2].encode()
        octets += piece[2:].encode()
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _ascii_name(text: str | None) -> str | None:
    """Return a name in lower case and punycode, without its trailing dot; None when it cannot be a name."""
    if text is None or len(text) > 4 * _HOST_LIMIT:
        return None
    name = (text.lower() if text.isascii() else _mapped(text)).removesuffix(".")
    if not _FORBIDDEN.isdisjoint(name):
        return None
    labels = [_ascii_label(label) for label in name.split(".")]
    host = ".".join(label or "" for label in labels)
    return host if all(labels) and len(host) <= _HOST_LIMIT else None


def _mapped(name: str) -> str:
    """Return a name in lower case and compatibility form, with plain dots and without what is drawn as nothing."""
    name = unicodedata2.normalize("NFKC", name.translate(_DOTS).translate(_IGNORED))
    name = "".join(_KEPT_CASE.get(char) or lower(char) for char in name)
    return str(unicodedata2.normalize("NFKC", name).translate(_IGNORED))


def _ascii_label(label: str) -> str | None:
    """Return one part of a name in ASCII; None when it is empty, too long or no sound punycode."""
    if len(label) > _LABEL_LIMIT:
        return None
    try:
        if not label.isascii():
            label = "" if label.startswith("xn--") else "xn--" + label.encode("punycode").decode("ascii")
        elif label.startswith("xn--"):
            plain = label[4:].encode().decode("punycode")
            if plain.isascii() or plain.encode("punycode") != label[4:].encode() or not _sound(plain):
                return None
    except UnicodeError:
        return None
    return label if 0 < len(label) <= _LABEL_LIMIT else None


def _sound(label: str) -> bool:
    """Whether a name may hold these characters as they are: none unprintable, none that has a plainer form."""
    return _mapped(label) == label and not any(unicodedata2.category(char)[0] == "C" for char in label)


def _ipv6(text: str) -> str | None:
    if not text.endswith("]") or "%" in text:
        return None
    try:
        address = IPv6Address(text[1:-1])
    except AddressValueError:
        return None
    return (
        f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)
    )  # Pythons differ on how it is written


def _is_number(label: str) -> bool:
    return label.isdigit() or (label.startswith("0x") and _HEX.issuperset(label[2:]))


def _ipv4(labels: list[str]) -> str | None:
    """Return the dotted address that one to four decimal, octal or hexadecimal numbers stand for, or None."""
    if len(labels) > 4 or not all(map(_is_number, labels)):
        return None
    numbers = []
    for label in labels:
        try:
            base = 16 if label.startswith("0x") else 8 if len(label) > 1 and label.startswith("0") else 10
            numbers.append(int(label[2:] or "0", 16) if base == 16 else int(label, base))
        except ValueError:
            return None
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (5 - len(numbers)):
        return None
    return str(IPv4Address(sum(number << (8 * (3 - place)) for place, number in enumerate(leading)) + last))
