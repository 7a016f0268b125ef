"""URLs, hosts and registered domains: the tables of `docs/text.md`, and that no text makes them fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text_tables import rows
from zelo.policy.functions import web
from zelo.policy.functions.hosts import is_address, normal_host
from zelo.policy.functions.web import folded_host, registered_domain, url_host, urls

HOSTS = tuple(rows("Hosts"))
TEXTS = tuple(rows("URLs in a text"))
PIECES = (
    "http",
    "https:",
    "//",
    "/",
    "\\",
    ":",
    "@",
    ".",
    "..",
    "[",
    "]",
    "::1",
    "%2e",
    "%",
    "%e9",
    "?",
    "#",
    "-",
    "xn--",
    "0x",
    "255",
    "256",
    "1e9",
    "com",
    "br",
    "loja",
    "\u00e9",
    "\u0430",
    "\u3002",
    "\u200b",
    "\ud800",
    " ",
    "\n",
    "_",
    "www",
    "(",
    ")",
    "[.]",
    "\U0001f602",
    "\u00df",
    "\u0130",
    "xn--80ak6aa92e",
    "xn--99999",
    "a" * 64,
)
crooked = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30)


def test_the_page_has_its_tables() -> None:
    """The page is read as it is written: its tables are not empty."""
    assert len(HOSTS) >= 60 and len(TEXTS) >= 10


@pytest.mark.parametrize(("text", "host", "registered", "seen"), HOSTS)
def test_a_host_is_found_where_a_browser_finds_it(text: str, host: str, registered: str, seen: str) -> None:
    """Each row of the page gives its three results; a hyphen is missing."""
    assert (url_host(text) or "-", registered_domain(text) or "-", folded_host(text) or "-") == (host, registered, seen)


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_urls_are_found_in_a_text(text: str, expected: str) -> None:
    """Each row of the page gives its URLs, in order."""
    assert urls(text) == tuple(expected.split())


@pytest.mark.parametrize("function", web.FUNCTIONS_HERE)
def test_the_declared_examples_hold(function: web.Function) -> None:
    """Every example of the declarations gives its result, and every function says why it has no SQL form."""
    for arguments, result in function.examples:
        assert function.python(*arguments) == result
    assert function.sql or function.no_sql


@given(crooked)
def test_no_text_is_too_crooked(text: str) -> None:
    """Nothing fails; what is given is ASCII where it is promised, and each part is a part of the whole."""
    host = url_host(text)
    registered = registered_domain(text)
    assert (folded_host(text) is None) == (host is None)
    if host is None:
        assert registered is None
    else:
        assert host.isascii() and host == host.lower() and 0 < len(host) <= 253
    if registered is not None and host is not None:
        assert host == registered or host.endswith(f".{registered}")
    for url in urls(text):
        assert url_host(url) is not None


@given(crooked)
def test_a_host_in_its_one_spelling_is_its_own_host(text: str) -> None:
    """Normalising twice is normalising once, and a scheme before a host changes nothing."""
    host = url_host(text)
    if host is not None:
        written = f"[{host}]" if ":" in host else host
        assert normal_host(written) == host
        assert url_host(f"https://{written}/") == host


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_every_spelling_of_an_address_is_the_address(number: int) -> None:
    """Decimal, hexadecimal, octal and short forms of an IPv4 address are one host."""
    parts = [number >> shift & 255 for shift in (24, 16, 8, 0)]
    dotted = ".".join(map(str, parts))
    short = f"{parts[0]}.{number & 0xFFFFFF}"
    for spelling in (dotted, str(number), hex(number), "0" + oct(number)[2:], short, ".".join(map(hex, parts))):
        assert url_host(f"http://{spelling}/") == dotted
    assert is_address(dotted) and registered_domain(f"http://{number}/") is None
    assert url_host(str(number)) is None
