"""URLs, hosts and registered domains: `urlHost()`, `foldedHost()`, `registeredDomain()`, `urls()`.

The Public Suffix List is the snapshot inside the pinned `publicsuffixlist`, private section included: two shops on one
hosting service are two registered domains. No network.
"""

from __future__ import annotations

from functools import cache

import re2
from publicsuffixlist import PublicSuffixList

from zelo.events.types import STRING, ListOf
from zelo.policy.functions.folding import fold
from zelo.policy.functions.hosts import host_of, is_address, unicode_labels
from zelo.policy.functions.registry import Function

_NO_SQL = "SQL engines read URLs by other rules and know no public suffixes"
_END = r"\s<>\"\x{201c}\x{201d}\x{ab}\x{bb}\x{200b}"
_LABEL = r"[\pL\pN](?:[\pL\pM\pN-]*[\pL\pM\pN])?"
_ADDRESS_OR_URL = re2.compile(
    r"(?i)(?P<mail>[\pL\pN._%+-]+@[\pL\pN.-]+)"
    rf"|(?P<marked>(?:h(?:tt|xx)ps?:[/\\]{{1,2}}|\bwww\.)[^{_END}]+)"
    rf"|(?P<bare>{_LABEL}(?:\.{_LABEL})+(?::[0-9]{{1,5}})?(?:[/?#][^{_END}]*)?)"
)
_WRITTEN_DOT = re2.compile(r"(?i)\s?[\[({]\s?(?:\.|dot|ponto)\s?[\])}]\s?")
"""`example[.]com`, `example (dot) com`, `exemplo (ponto) com`."""
_TRAILING = ".,;:!?'\"*_~\u2026\u2019"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def url_host(text: str) -> str | None:
    """Return the host of a URL or bare host, in one spelling (see `hosts`), or None."""
    return host_of(text)


def registered_domain(text: str) -> str | None:
    """Return the part of the host that somebody registered: one label more than its public suffix."""
    host = host_of(text)
    if host is None or is_address(host):
        return None
    found = _suffixes().privatesuffix(host)
    return found if isinstance(found, str) else None


def folded_host(text: str) -> str | None:
    """Return the host as a reader sees it: punycode undone, each label folded."""
    host = host_of(text)
    if host is None or is_address(host):
        return host
    return ".".join(fold(label).replace(" ", "-") or label for label in unicode_labels(host))


def urls(text: str) -> tuple[str, ...]:
    """Return the URLs in a text in reading order, as written but for `[.]`, trailing punctuation left out."""
    clean = _WRITTEN_DOT.sub(".", text.encode("utf-8", "replace").decode("utf-8"))
    found = (
        _trimmed(match[0], match["marked"] is not None)
        for match in _ADDRESS_OR_URL.finditer(clean)
        if match["mail"] is None
    )
    return tuple(url for url in found if url)


def _trimmed(url: str, marked: bool) -> str | None:
    """Return a match without the punctuation of the sentence around it, or None when it leads nowhere."""
    end = len(url)
    excess = {close: url.count(close) - url.count(opening) for close, opening in _BRACKETS.items()}
    while end and (url[end - 1] in _TRAILING or excess.get(url[end - 1], 0) > 0):
        end -= 1
        excess[url[end]] = excess.get(url[end], 0) - 1
    url = url[:end]
    return url if (host_of(url) if marked else registered_domain(url)) else None


FUNCTIONS_HERE: tuple[Function, ...] = (
    Function(
        name="urlHost",
        form="function",
        takes=(STRING,),
        gives=STRING,
        python=url_host,
        sql={},
        doc="the host a browser would go to, in lower case and punycode, without port; missing when there is none",
        examples=(
            (("https://User:pw@Loja.Example.com.br:8443/a?b#c",), "loja.example.com.br"),
            (("example.com/path",), "example.com"),
            (("http://good.example@evil.example/",), "evil.example"),
            (("http://[2001:DB8::1]:80/",), "2001:db8::1"),
            (("http://0x7f.1/",), "127.0.0.1"),
            (("not a url",), None),
            (("",), None),
        ),
        total=False,
        no_sql=_NO_SQL,
        cost=20,
    ),
    Function(
        name="foldedHost",
        form="function",
        takes=(STRING,),
        gives=STRING,
        python=folded_host,
        sql={},
        doc="the host with punycode undone and look-alikes read as plain letters; missing when there is none",
        examples=(
            (("https://xn--exmple-4nf.com/",), "example.com"),
            (("https://\u0435xample.com/",), "example.com"),
            (("https://example.com/",), "example.com"),
            (("nothing",), None),
        ),
        total=False,
        no_sql=_NO_SQL,
        cost=40,
    ),
    Function(
        name="registeredDomain",
        form="function",
        takes=(STRING,),
        gives=STRING,
        python=registered_domain,
        sql={},
        doc="the registered domain of a URL or host by the Public Suffix List; missing for addresses, bare suffixes "
        "and unknown top-level domains",
        examples=(
            (("https://www.loja.com.br/x",), "loja.com.br"),
            (("a.b.example.co.uk",), "example.co.uk"),
            (("com.br",), None),
            (("http://192.0.2.1/",), None),
            (("report.pdf",), None),
        ),
        total=False,
        no_sql=_NO_SQL,
        cost=30,
    ),
    Function(
        name="urls",
        form="function",
        takes=(STRING,),
        gives=ListOf(STRING),
        python=urls,
        sql={},
        doc="the URLs in a text, also those without a scheme when their ending is a public suffix",
        examples=(
            (("Veja https://example.com/a(b). Ou loja.com.br!",), ("https://example.com/a(b)", "loja.com.br")),
            (("mail ana@example.com, v1.2, fim...",), ()),
            (("hxxps://example[.]com/x",), ("hxxps://example.com/x",)),
            (("",), ()),
        ),
        no_sql=_NO_SQL,
        cost=40,
    ),
)
