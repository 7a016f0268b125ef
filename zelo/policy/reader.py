"""A place in a row of tokens: steps forward, reports what is out of place, finds where to go on."""

from __future__ import annotations

from zelo.base.source import Report
from zelo.policy.lexer import Token
from zelo.policy.scalar import Scalar


class Reader:
    """Walks the tokens once; every step moves forward or stops."""

    def __init__(self, text: Scalar, tokens: tuple[Token, ...], report: Report) -> None:
        self.text = text
        self.tokens = tokens
        self.report = report
        self.at = 0
        self.depth = 0
        self.complained = -1
        """Where the last token stands that was reported; the ones before it are let be."""

    @property
    def now(self) -> Token:
        """Return the token to be read next."""
        return self.tokens[self.at]

    @property
    def last_end(self) -> int:
        """Return where the token read last ends."""
        return self.tokens[self.at - 1].end if self.at else 0

    def take(self, kind: str) -> bool:
        """Step over a token of this kind, if it is next."""
        if self.now.kind != kind:
            return False
        self.at += 1
        return True

    def complain(self, code: str, token: Token, **params: str | int) -> None:
        """Report a mistake at a token, once for each token."""
        if self.complained < token.start or self.complained < 0:
            length = max(token.end - token.start, 1)
            start = token.start if not token.is_end else max(self.last_end - 1, 0)
            self.report.add(code, self.text.span(start, length), (), **params)
        self.complained = max(self.complained, token.start)

    def shown(self, token: Token) -> str:
        """Return the author's own spelling of a token."""
        return self.text.value[token.start : token.end]

    def out_of_place(self) -> None:
        """Report a token where an operator should stand."""
        token = self.now
        if token.kind in (")", "]", "}"):
            self.complain("Z110", token, found=token.kind)
        else:
            self.complain("Z109", token, found=self.shown(token))

    def close(self, opening: Token, closer: str) -> None:
        """Step over a closing sign; what stands before it out of place is reported and stepped over."""
        if self.take(closer):
            return
        if self.now.is_end:
            self.complain("Z117", opening, opening=opening.kind, closing=closer)
            return
        self.out_of_place_before(opening, closer)

    def out_of_place_before(self, opening: Token, closer: str) -> None:
        """Report what stands before a closing sign and look for that sign on the same level."""
        self.out_of_place()
        level = 0
        for ahead in range(self.at, len(self.tokens)):
            kind = self.tokens[ahead].kind
            if kind in ("(", "[", "{"):
                level += 1
            elif kind in (")", "]", "}"):
                if level == 0:
                    self.at = ahead + (kind == closer)
                    return
                level -= 1
            elif kind in ("&&", "||") and level == 0:
                self.at = ahead
                return
