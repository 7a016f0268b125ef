"""The zelo command: here errors become one clear message and an exit code; each noun has its module."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from zelo.base.messages.message import N_
from zelo.cli import (
    backtesting,
    checking,
    demo,
    doctor,
    explaining,
    health,
    personal,
    platform_demo,
    running,
    serving,
    simulating,
    telling,
    working,
)
from zelo.cli.speech import (
    EXIT_INTERRUPTED,
    Group,
    choose_language,
    complain,
    complain_in_json,
    complain_of,
    wants_json,
)


@click.group(
    cls=Group,
    help=N_("zelo governs content and creators: check a pack, run it over history, ask why a rule fired."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
def zelo() -> None:
    """Hold the commands."""


_MODULES = (
    checking,
    running,
    backtesting,
    explaining,
    health,
    simulating,
    demo,
    platform_demo,
    serving,
    working,
    personal,
    doctor,
    telling,
)
for command in (command for module in _MODULES for command in module.COMMANDS):
    zelo.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; return its exit code. What was not foreseen is raised."""
    choose_language(arguments)
    in_json = wants_json(arguments)
    try:
        result = zelo.main(args=list(arguments), prog_name="zelo", standalone_mode=False)
    except click.ClickException as error:
        if in_json:
            complain_in_json(error)
        else:
            error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        if in_json:
            complain_in_json(error)
        else:
            complain(N_("stopped"))
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away: nothing is left to tell
        sys.stderr.close()
        return 0
    except Exception as error:
        code = complain_in_json(error) if in_json else complain_of(error)
        if code is None:
            raise
        return code
    return result if isinstance(result, int) else 0


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
