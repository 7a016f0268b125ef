"""Laws of the published schemas: they come from the reader's own shapes, so they take and refuse what it does."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from tests.base_pack import FILES
from tests.literate import Case, cases
from tests.places import REPOSITORY
from zelo.adapters.packs import read_pack_files
from zelo.base.source import Report
from zelo.policy.load_pack import is_pack_file
from zelo.policy.schemas import schema, schemas
from zelo.policy.yaml_reader import ListNode, MapNode, Node, ScalarNode, read_text, read_yaml

PACKS = {path.parent.name: read_pack_files(path.parent) for path in (REPOSITORY / "packs").glob("*/pack.yaml")}
FOLDERS = {"policies": "policy", "lists": "list", "schedules": "schedule"}
SHAPE_CODES = {f"Z{number:03}" for number in (*range(22, 36), 36, 42, 44, 46)}
"""What a schema can say; the rest needs other files, or arithmetic on lengths of time."""
REFUSED = [
    pytest.param(case, id=case.title[:40])
    for case in cases(REPOSITORY / "docs" / "diagnostics" / "pack.md")
    if {code for *_, code in case.expected} and {code for *_, code in case.expected} <= SHAPE_CODES
    if all(path.endswith(".yaml") for path, *_ in case.expected)
]


def name_of(path: str) -> str:
    """Return the schema of a YAML file of a pack."""
    return FOLDERS.get(path.split("/")[0], path.removesuffix(".yaml"))


def data(path: str, content: bytes) -> object:
    """Return a YAML file as JSON data, as an editor sees it."""
    report = Report()
    source = read_text(path, content, report)
    node = read_yaml(source, report) if source else None
    assert node is not None, report.diagnostics
    return plain(node)


def plain(node: Node) -> object:
    """Return a node as JSON data."""
    match node:
        case MapNode():
            return {key: plain(inner) for key, (_, inner) in node.entries.items()}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode():
            return node.resolved()
    raise AssertionError(node)


def errors(path: str, content: bytes) -> list[str]:
    """Return what the schema of a file says against it."""
    found = Draft202012Validator(schema(name_of(path))).iter_errors(data(path, content))
    return [f"{error.json_path}: {error.message}" for error in found]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_schema_is_one(name: str) -> None:
    """The schemas are valid JSON Schemas, and every reference in them leads somewhere."""
    found = schema(name)
    Draft202012Validator.check_schema(found)
    definitions = found["$defs"]
    assert isinstance(definitions, dict)
    used = {part.split('"')[0] for part in str(found).replace("'", '"').split("#/$defs/")[1:]}
    assert used == set(definitions)


@pytest.mark.parametrize("pack", ["base", *sorted(PACKS)])
def test_the_schemas_take_every_pack_that_ships(pack: str) -> None:
    """Editors show nothing wrong where the check finds nothing wrong."""
    files = {path: content for path, content in (PACKS.get(pack) or FILES).items() if path.endswith(".yaml")}
    assert len(files) >= 4
    assert {
        path: found for path, content in files.items() if is_pack_file(path) and (found := errors(path, content))
    } == {}


@pytest.mark.parametrize("case", REFUSED)
def test_the_schemas_refuse_what_the_reader_refuses_for_its_shape(case: Case) -> None:
    """Every documented mistake of shape is one to the schema too."""
    for path in {path for path, *_ in case.expected}:
        assert errors(path, case.files[path])


def test_there_are_documented_mistakes_of_shape() -> None:
    """The law above is not empty."""
    assert len(REFUSED) >= 15


def test_every_key_says_what_it_is_for() -> None:
    """An editor can show a sentence for every key of every file."""
    silent = []
    for name, found in schemas().items():
        stack: list[tuple[str, object]] = [(name, found)]
        while stack:
            place, part = stack.pop()
            if isinstance(part, dict):
                properties = part.get("properties")
                if isinstance(properties, dict) and part.get("maxProperties") != 1:
                    silent += [f"{place}.{key}" for key, inner in properties.items() if not inner.get("description")]
                stack += [(f"{place}.{key}", inner) for key, inner in part.items()]
            elif isinstance(part, list):
                stack += [(f"{place}[]", inner) for inner in part]
    assert silent == []
