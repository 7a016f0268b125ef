"""`zelo check`, `zelo test` and `zelo schema`: what is wrong with a pack, and whether it does what its examples say."""

from __future__ import annotations

import json
from pathlib import Path

import click

from zelo.adapters.files import make_folder, writing
from zelo.adapters.packs import checked_pack, open_pack, read_pack_files
from zelo.base.messages.message import N_
from zelo.base.render import render
from zelo.base.source import Report
from zelo.cli.speech import (
    Command,
    _,
    diagnostic_data,
    format_option,
    language,
    language_option,
    number,
    place_data,
    say,
)
from zelo.decide.examples import ExampleOutcome, run_examples
from zelo.policy.schemas import schemas

EXIT_WRONG = 1


@click.command(
    "check", cls=Command, help=N_("Tell every mistake in a pack, at its place. Exit code 1 if there is one.")
)
@click.argument("pack", type=click.Path(path_type=Path))
@format_option
@language_option
def check(pack: Path, form: str, language: str | None) -> int:
    """Check a pack."""
    report = Report()
    loaded = checked_pack(read_pack_files(pack), report)
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    if form == "json":
        found = [diagnostic_data(diagnostic) for diagnostic in report.diagnostics]
        name, version = (loaded.name, loaded.version) if loaded else (None, None)
        told = {"pack": name, "version": version, "errors": errors, "warnings": warnings, "diagnostics": found}
        say(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for diagnostic in report.diagnostics:
            say(render(diagnostic, _) + "\n")
        if loaded is not None:
            rules, kinds = number(len(loaded.rules)), number(len(loaded.kinds))
            text = _("{pack} is sound: rules: {rules}, kinds of event: {kinds}, version {version}")
            say(text.format(pack=loaded.name, rules=rules, kinds=kinds, version=loaded.version[:12]))
        say(_("errors: {errors}, warnings: {warnings}").format(errors=number(errors), warnings=number(warnings)))
    return EXIT_WRONG if errors or loaded is None else 0


@click.command("test", cls=Command, help=N_("Run the examples in a pack's policies. Exit code 1 if one fails."))
@click.argument("pack", type=click.Path(path_type=Path))
@format_option
@language_option
def test(pack: Path, form: str, language: str | None) -> int:
    """Run examples."""
    loaded = open_pack(pack)
    outcomes = run_examples(loaded)
    wrong = [outcome for outcome in outcomes if not outcome.is_as_told]
    if form == "json":
        say(json.dumps([_outcome(outcome) for outcome in outcomes], ensure_ascii=False, indent=2))
        return EXIT_WRONG if wrong else 0
    for outcome in wrong:
        say(_differences(outcome) + "\n")
    for policy in loaded.policies:
        if not policy.examples:
            say(_("the policy {policy} has no examples").format(policy=policy.id))
    passed = number(len(outcomes) - len(wrong))
    say(_("examples that hold: {passed}, that fail: {failed}").format(passed=passed, failed=number(len(wrong))))
    return EXIT_WRONG if wrong else 0


def _outcome(outcome: ExampleOutcome) -> dict[str, object]:
    example = outcome.example
    return {
        "policy": outcome.policy,
        "example": dict(example.name),
        **place_data(example.span),
        "holds": outcome.is_as_told,
        "fires": {"expected": list(example.fires), "found": list(outcome.fired)},
        "undetermined": {
            "expected": None if example.undetermined is None else list(example.undetermined),
            "found": list(outcome.undetermined),
        },
    }


def _differences(outcome: ExampleOutcome) -> str:
    """Return what an example says and what came of it instead."""
    example, span = outcome.example, outcome.example.span
    name = example.name.get(language(), "")
    lines = [_("{path}:{line}: example fails: {name}").format(path=span.source.path, line=span.line, name=name)]
    sides = [(example.fires, outcome.fired, _("should fire, and does not"), _("fires, and should not"))]
    if example.undetermined is not None:
        words = _("should be undetermined, and is not"), _("is undetermined, and should not be")
        sides.append((example.undetermined, outcome.undetermined, *words))
    for told, found, missing, extra in sides:
        lines += [f"  - {rule}  {missing}" for rule in told if rule not in found]
        lines += [f"  + {rule}  {extra}" for rule in found if rule not in told]
    if example.undetermined is None and (unsure := [rule for rule in example.fires if rule in outcome.undetermined]):
        lines.append("  " + _("undetermined, because a value is missing: {rules}").format(rules=", ".join(unsure)))
    return "\n".join(lines)


@click.command("schema", cls=Command, help=N_("Print the JSON Schemas of the pack files, or write them to a folder."))
@click.argument("name", required=False)
@click.option("--out", type=click.Path(path_type=Path), help=N_("Folder to write them to, a file for each."))
@language_option
def schema(name: str | None, out: Path | None, language: str | None) -> int:
    """Print schemas."""
    known = schemas()
    if name is not None and name not in known:
        raise click.BadParameter(_("there are: {names}").format(names=", ".join(known)), param_hint="NAME")
    chosen = known if name is None else {name: known[name]}
    if out is not None:
        make_folder(out)
        for key, value in chosen.items():
            path = out / f"{key}.schema.json"
            with writing(out):
                path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            say(str(path))
        return 0
    say(json.dumps(chosen if name is None else known[name], ensure_ascii=False, indent=2))
    return 0


COMMANDS = (check, test, schema)
