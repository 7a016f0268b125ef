"""How the command line speaks: the reader's language, numbers and times written its way, errors as one message."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import click
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

from zelo.adapters.files import CannotWrite, is_disk_full
from zelo.adapters.translation import LANGUAGES, translator
from zelo.base.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PolicyRejected,
    Unavailable,
    ZeloError,
)
from zelo.base.messages.message import N_
from zelo.base.render import hint, message, render
from zelo.base.source import Diagnostic, Span
from zelo.cli.click_words import teach_click

EXIT_INTERRUPTED = 130
EXIT_CODES: Mapping[type[ZeloError], int] = MappingProxyType(
    {
        PolicyRejected: 1,
        InvalidInput: 2,
        NotFound: 3,
        NotAllowed: 4,
        Conflict: 5,
        CannotWrite: 73,
        Unavailable: 75,
    }
)
"""Kind of error to the exit code of the command."""
_speech: dict[str, Any] = {"language": "en", "translate": str}


def choose_language(arguments: Sequence[str]) -> None:
    """Speak the language of `--language`, else that of the environment, else English."""
    named = [value for option, value in zip(arguments, arguments[1:], strict=False) if option == "--language"]
    named += [value.removeprefix("--language=") for value in arguments if value.startswith("--language=")]
    if not named:
        named = [
            os.environ[name] for name in ("ZELO_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)
        ]
    language = "pt-BR" if named and named[0].replace("_", "-").lower().startswith("pt") else "en"
    _speech.update(language=language, translate=translator(language))
    teach_click(_)


def language() -> str:
    """Return the language that is spoken: `en` or `pt-BR`."""
    return str(_speech["language"])


def _(text: str) -> str:
    """Return an English text in the language that is spoken."""
    return str(_speech["translate"](text))


def translate() -> Callable[[str], str]:
    """Return the function from English to the language that is spoken."""
    return _


def number(value: float) -> str:
    """Return a number as the language writes it."""
    return format_decimal(value, locale=_locale())


def percent(part: int, whole: int) -> str:
    """Return a share as the language writes it; of nothing there is no share."""
    return format_percent(part / whole, format="#,##0.0# %", locale=_locale()) if whole else "-"


def moment(value: datetime) -> str:
    """Return an instant as the language writes it, in UTC."""
    return format_datetime(value, "medium", locale=_locale()) + " UTC"


def _locale() -> str:
    return language().replace("-", "_")


def say(text: str = "") -> None:
    """Write to the output."""
    click.echo(text)


def complain(text: str, **params: object) -> None:
    """Write one message to the error output."""
    click.echo(_(text).format(**params) if params else _(text), err=True)


def complain_of(error: Exception) -> int | None:
    """Tell a foreseen error and return its exit code; None when it was not foreseen."""
    if isinstance(error, PolicyRejected):
        for diagnostic in error.diagnostics:
            click.echo(render(diagnostic, _) + "\n", err=True)
        complain(N_("errors: {count}"), count=number(sum(d.is_error for d in error.diagnostics)))
        return EXIT_CODES[PolicyRejected]
    if isinstance(error, ZeloError):
        click.echo(_("error") + f": {words_of(error)}", err=True)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    if is_disk_full(error):
        click.echo(_("error") + ": " + _("the disk is full: free some space and run this again"), err=True)
        return EXIT_CODES[CannotWrite]
    return None


def complain_in_json(error: BaseException) -> int | None:
    """Tell a foreseen error as a line of JSON on the output; return its exit code, None when it was not foreseen."""
    more: dict[str, object] = {}
    if isinstance(error, click.ClickException):
        kind, code, text = "UsageError", error.exit_code, error.format_message()
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        kind, code, text = "Stopped", EXIT_INTERRUPTED, _(N_("stopped"))
    elif isinstance(error, ZeloError):
        kind, text = type(error).__name__, words_of(error)
        code = next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
        if isinstance(error, PolicyRejected):
            more["diagnostics"] = [diagnostic_data(diagnostic) for diagnostic in error.diagnostics]
    elif is_disk_full(error):
        kind, code = "CannotWrite", EXIT_CODES[CannotWrite]
        text = _("the disk is full: free some space and run this again")
    else:
        return None
    told = {"error": {"kind": kind, "message": text, "exit_code": code, **more}}
    say(json.dumps(told, ensure_ascii=False, default=str))
    return code


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, object]:
    """Return a diagnostic as a program reads it."""
    return {
        "code": diagnostic.code,
        "severity": "error" if diagnostic.is_error else "warning",
        **place_data(diagnostic.span),
        "message": message(diagnostic, _),
        "hint": hint(diagnostic, _),
        "params": dict(diagnostic.params),
        "related": [place_data(span) for span in diagnostic.related],
    }


def place_data(span: Span) -> dict[str, object]:
    """Return a place in a pack as a program reads it."""
    return {"path": span.source.path, "line": span.line, "column": span.column, "length": span.length}


def words_of(error: ZeloError) -> str:
    """Return what an error says in the language that is spoken."""
    return _(error.message).format(**error.params) if error.params else _(error.message)


# --- help in the language that is spoken


class Command(click.Command):
    """A command whose help speaks the reader's language."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(self._words())

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first words of the help, for the list of commands."""
        return self._words()

    def _words(self) -> str:
        return _(self.help) if self.help else ""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, their help translated."""
        english = {param: param.help for param in self.get_params(ctx) if isinstance(param, click.Option)}
        for param, words in english.items():
            param.help = _(words) if words else words
        super().format_options(ctx, formatter)
        for param, words in english.items():
            param.help = words


class Group(Command, click.Group):
    """A group whose help speaks the reader's language."""


language_option = click.option(
    "--language", type=click.Choice(LANGUAGES), help=N_("Language of what is shown; that of the environment.")
)
"""Read by `choose_language`, before the command line is."""

format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help=N_("Words for people, or JSON.")
)


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line asks for JSON; errors are then JSON, too, even in the command line itself."""
    pairs = zip(arguments, arguments[1:], strict=False)
    return "--format=json" in arguments or any(pair == ("--format", "json") for pair in pairs)
