"""The zelo command: here errors become one clear message and an exit code; each noun has its module."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from zelo.base.messages.message import N_
from zelo.cli import checking, demo, doctor, explaining, platform_demo, running, serving, telling, working
from zelo.cli.speech import Group, choose_language, complain, complain_of

EXIT_INTERRUPTED = 130


@click.group(
    cls=Group,
    help=N_("zelo governs content and creators: check a pack, run it over history, ask why a rule fired."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
def zelo() -> None:
    """Hold the commands."""


for module in (checking, running, explaining, demo, platform_demo, serving, working, doctor, telling):
    for command in module.COMMANDS:
        zelo.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; return its exit code. What was not foreseen is raised."""
    choose_language(arguments)
    try:
        result = zelo.main(args=list(arguments), prog_name="zelo", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain(N_("stopped"))
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away: nothing is left to tell
        sys.stderr.close()
        return 0
    except Exception as error:
        code = complain_of(error)
        if code is None:
            raise
        return code
    return result if isinstance(result, int) else 0


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
