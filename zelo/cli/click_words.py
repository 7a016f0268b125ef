"""The words of click itself, marked here so that usage lines and errors come in the language that is spoken."""

from __future__ import annotations

import gettext
from collections.abc import Callable

from zelo.base.messages.message import N_

WORDS = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Positional arguments"),
    N_("required"),
    N_("Show this message and exit."),
    N_("Try '{command} {option}' for help."),
    N_("Error: {message}"),
    N_("Missing command."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("No such command {name!r}."),
    N_("No such option {name!r}."),
    N_("Did you mean {possibility}?"),
    N_("(Did you mean one of: {possibilities}?)"),
    N_("Got unexpected extra argument ({args})"),
    N_("Got unexpected extra arguments ({args})"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Invalid value: {message}"),
    N_("Option {name!r} requires an argument."),
    N_("Option {name!r} does not take a value."),
    N_("{value!r} is not one of {choices}."),
    N_("{value!r} is not {choice}."),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("{name} {filename!r} does not exist."),
    N_("{name} {filename!r} is a directory."),
    N_("{name} {filename!r} is a file."),
    N_("{name} {filename!r} is not readable."),
)
"""What click says in the cases that a user of zelo meets."""


def teach_click(translate: Callable[[str], str]) -> None:
    """Let click's own texts go through a function from English; click asks Python's gettext, which asks us."""

    def one(domain: str, message: str) -> str:
        return translate(message)

    def some(domain: str, msgid1: str, msgid2: str, n: int) -> str:
        return translate(msgid1 if n == 1 else msgid2)

    gettext.dgettext, gettext.dngettext = one, some
