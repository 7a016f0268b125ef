"""What no linter checks for us in the docs: links, commands, the map, the glossary, decisions, locked requirements."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import dev
from tests.places import REPOSITORY
from zelo import Decision, open_pack
from zelo.base.effects import EFFECTS

DOCS = REPOSITORY / "docs"
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
DECISION_PARTS = ("Context", "Decision", "What we gave up", "How we will know it was wrong")
REGISTRIES = tuple("".join(parts) for parts in (("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org")))
HOMES = re.compile("|".join(("/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/")))
GENERATED_FOLDERS = {".git", ".venv", "build", "dist", "node_modules", "__pycache__"}


def kept_files() -> list[Path]:
    """Return the text files of the repository that are or would be in version control."""
    found = [p for p in REPOSITORY.rglob("*") if not GENERATED_FOLDERS & set(p.relative_to(REPOSITORY).parts)]
    if git := shutil.which("git"):
        command = [git, "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            found = [REPOSITORY / line for line in listed.stdout.splitlines()]
    return [path for path in found if path.is_file() and path.suffix not in (".parquet", ".png", ".bin")]


def pages() -> list[Path]:
    """Return every Markdown page of the repository."""
    return sorted(path for path in kept_files() if path.suffix == ".md")


# ------------------------------------------------------------------------------------------------------ the whole tree
def test_no_file_names_a_registry_or_a_machine() -> None:
    """Where packages come from, and where a clone lies, is the machine's business."""
    faults = []
    for path in kept_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        faults += [f"{path}: {word}" for word in REGISTRIES if word in text]
        faults += [f"{path}: {match.group()}" for match in HOMES.finditer(text)]
    assert faults == []


@pytest.mark.parametrize("name", ["dev.txt", "run.txt"])
def test_requirements_are_locked_by_hash_and_name_no_address(name: str) -> None:
    """Every locked version carries a hash, whatever machine it is fetched by."""
    text = (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", "\n" + text.strip())[1:]
    assert len(entries) > 5
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_what_runs_is_a_part_of_what_is_tested() -> None:
    """The versions that run are the versions the tests saw."""
    pins = [
        set(re.findall(r"^\S+==\S+", (REPOSITORY / "requirements" / n).read_text(), re.M))
        for n in ("run.txt", "dev.txt")
    ]
    assert pins[0] and pins[0] <= pins[1]


def test_the_library_is_used_as_the_readme_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of the README runs, given an event."""
    monkeypatch.chdir(REPOSITORY)
    (code,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(encoding="utf-8"), flags=re.S)
    event = open_pack(REPOSITORY / "packs" / "br_social_commerce").policies[0].examples[0].event
    seen: dict[str, object] = {"line": json.dumps(event).encode()}
    exec(code, seen)
    assert isinstance(seen["decision"], Decision) and seen["decision"].event_id == event["id"]


# ----------------------------------------------------------------------------------------------------------- all pages
def test_links_lead_somewhere() -> None:
    """Every relative link of a page names a file that exists."""
    faults = []
    for page in pages():
        prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target in LINK.findall(prose):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                faults.append(f"{page.relative_to(REPOSITORY)}: {target}")
    assert faults == []


def code_of(text: str) -> str:
    """Return the code of a page: its fenced blocks and its spans between backticks, each on a line of its own."""
    fences = re.findall(r"^```\w*$(.*?)^```$", text, flags=re.S | re.M)
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return "\n".join([*fences, *re.findall(r"`([^`\n]+)`", rest)])


def test_every_command_that_a_page_shows_exists() -> None:
    """A page never shows a command, benchmark or pack that is not there."""
    from zelo.cli import zelo

    known = set(zelo.commands)
    parser = dev.arguments()
    own = set(next(a for a in parser._actions if a.dest == "command").choices or ())
    benchmarks = {path.stem for path in (REPOSITORY / "benchmarks").glob("*.py")}
    faults = []
    for page in (*pages(), REPOSITORY / "dev.py"):
        text = page.read_text(encoding="utf-8")
        shown = re.findall(r"(?:^|/|\$ )zelo ([a-z][a-z-]+)", code_of(text), flags=re.M)
        faults += [f"{page.name}: zelo {name}" for name in shown if name not in known]
        faults += [f"{page.name}: dev.py {name}" for name in re.findall(r"dev\.py ([a-z]+)", text) if name not in own]
        faults += [
            f"{page.name}: bench {name}"
            for name in re.findall(r"dev\.py bench ([a-z]\w+)", text)
            if name not in benchmarks
        ]
        faults += [
            f"{page.name}: {name}" for name in re.findall(r"\bpacks/\w+", text) if not (REPOSITORY / name).exists()
        ]
    assert faults == []


def test_the_map_of_modules_is_current() -> None:
    """The table of modules says what the modules say; `dev.py fix` writes it."""
    text = (DOCS / "map.md").read_text(encoding="utf-8")
    assert dev.map_with_table(text) == text


def test_every_effect_is_on_the_map() -> None:
    """Who receives an effect can be read in one place."""
    text = (DOCS / "map.md").read_text(encoding="utf-8")
    rows = {cells[0].strip(" `"): cells[1].strip(" `") for cells in table_rows(text) if len(cells) > 2}
    assert {name: rows.get(name) for name in EFFECTS} == {name: kind.receiver for name, kind in EFFECTS.items()}


# ------------------------------------------------------------------------------------------------------------ glossary
def table_rows(text: str) -> list[list[str]]:
    """Return the cells of every row of every table of a page, without heads and rules."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    rules = {number for number, row in enumerate(rows) if set("".join(row)) <= set("-: ")}
    return [row for number, row in enumerate(rows) if number not in rules and number + 1 not in rules]


def glossary(title: str) -> list[list[str]]:
    """Return the rows of one part of the glossary."""
    text = (DOCS / "words.md").read_text(encoding="utf-8")
    part = text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return table_rows(part)


def test_every_term_has_both_languages_and_both_definitions() -> None:
    """One word, one meaning, said in English and in Portuguese."""
    rows = [
        row
        for title in ("Governing", "The language", "The engine", "Reviewing and repairing")
        for row in glossary(title)
    ]
    assert len(rows) > 60
    assert [row for row in rows if len(row) != 4 or not all(row)] == []
    assert [row for row in rows if not (row[1].endswith(".") and row[3].endswith("."))] == []
    terms = [row[0].lower() for row in rows]
    assert sorted({term for term in terms if terms.count(term) > 1}) == []
    palavras = [row[2].lower() for row in rows]
    assert sorted({palavra for palavra in palavras if palavras.count(palavra) > 1}) == []


def test_no_name_in_the_code_uses_a_word_we_do_not_use() -> None:
    """The words the glossary turns down name no module, class or function."""
    refused = [row[0].strip("*`").lower() for row in glossary("Words we do not use")]
    assert len(refused) > 5
    names = set()
    for path in (REPOSITORY / "zelo").rglob("*.py"):
        names |= {path.stem.lower()}
        names |= {
            name.lower() for name in re.findall(r"^\s*(?:class|def) (\w+)", path.read_text(encoding="utf-8"), re.M)
        }
    parts = {part for name in names for part in name.split("_")}
    assert sorted(parts & set(refused)) == []


# ----------------------------------------------------------------------------------------------------------- decisions
def test_decisions_are_numbered_and_say_their_four_parts() -> None:
    """A decision says why, what, at what price, and what would show that it was wrong."""
    records = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.M)
        assert tuple(headings) == DECISION_PARTS, path.name


def test_every_pack_that_ships_explains_itself() -> None:
    """Each pack has a README that a newcomer can start from."""
    folders = [path.parent for path in (REPOSITORY / "packs").glob("*/pack.yaml")]
    assert folders
    assert [folder.name for folder in folders if not (folder / "README.md").exists()] == []
