"""Renders the Markdown of policies: paragraphs, lists, emphasis, links; everything else stays text."""

from __future__ import annotations

import re
from html import escape

_BULLET = re.compile(r"^\s*[-*]\s+")
_NUMBER = re.compile(r"^\s*\d+[.)]\s+")
_HEADING = re.compile(r"^(#{1,4})\s+")
_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])[*_]([^*_]+)[*_](?![\w*])"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\((https?://[^)\s&\"']+)\)"), r'<a href="\2" rel="noreferrer">\1</a>'),
)


def render(text: str) -> str:
    """Return the HTML of a text; whatever is not known is escaped."""
    return "".join(_block(block.strip("\n")) for block in re.split(r"\n\s*\n", text.strip()) if block.strip())


def _block(block: str) -> str:
    lines = block.split("\n")
    for pattern, tag in ((_BULLET, "ul"), (_NUMBER, "ol")):
        if pattern.match(lines[0]):
            items: list[str] = []
            for line in lines:
                if pattern.match(line) or not items:
                    items.append(pattern.sub("", line))
                else:
                    items[-1] += " " + line.strip()
            return f"<{tag}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{tag}>"
    if _HEADING.match(lines[0]):
        return f"<h4>{_inline(_HEADING.sub('', block))}</h4>"
    return f"<p>{_inline(' '.join(line.strip() for line in lines))}</p>"


def _inline(text: str) -> str:
    made = escape(text, quote=True)
    for pattern, replacement in _INLINE:
        made = pattern.sub(replacement, made)
    return made
