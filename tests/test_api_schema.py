"""The API answers as its description says, whatever it is asked; every code it can answer with is in one table."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.places import REPOSITORY
from tests.platform_fixtures import Platform, _platform
from tests.small_run import stream


@pytest.fixture(scope="module")
def served(_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Yield a platform with a pack at work, some decisions, and a worker that decides."""
    from zelo.worker.loop import Worker

    for platform in _platform(_template, tmp_path_factory.mktemp("schema")):
        platform.activate()
        platform.bring(stream(60))
        worker = Worker(platform.lake, sends=False)
        thread = threading.Thread(target=worker.run)
        thread.start()
        yield platform
        worker.stop.set()
        thread.join()


def described() -> dict[str, Any]:
    """Return the description of the API."""
    from django.test import Client

    found: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_the_api_does_what_its_description_says(served: Platform, mode: str) -> None:
    """
    Calls that fit the description, and calls that do not, are answered as it declares: status, headers, body.

    That a call which fits is accepted cannot be asked: whether a kind of event exists is not the description's to say.
    """
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance as meaning

    from zelo.web.wsgi import application

    key = served.key("events", "decide", "read", "act", "admin", calls_per_s=1_000_000)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    most = 10 if settings().max_examples <= 100 else 300
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=most, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
        def check(case: Any) -> None:
            asked.append(case.operation.label)
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=[meaning])

        check()
    assert len(set(asked)) >= 13 and len(asked) > 100


def test_every_operation_shows_an_example_of_each_answer() -> None:
    """Examples are there and fit the schemas they illustrate; each failure names its codes and its headers."""
    from jsonschema import Draft202012Validator

    whole = described()
    assert whole["openapi"].startswith("3.1")
    looked = 0
    for path in whole["paths"].values():
        for operation in path.values():
            contents = [*operation.get("requestBody", {}).get("content", {}).values()]
            contents = [one for one in contents if one["schema"] != {"type": "string"}]
            for status, response in operation["responses"].items():
                contents += response["content"].values()
                assert int(status) < 300 or "`" in response["description"]
                assert (status in ("429", "503")) == ("Retry-After" in response.get("headers", {}))
            for content in contents:
                schema = {**content["schema"], "components": whole["components"]}
                examples = [one["value"] for one in content.get("examples", {}).values()] or [content["example"]]
                for example in examples:
                    Draft202012Validator(schema).validate(example)
                    looked += 1
    assert looked > 200


def codes_in_code() -> set[str]:
    """Return the codes that stand in the code of the API and of what it calls."""
    found = set()
    for folder in ("web", "intake", "deliver", "worker"):
        for path in (REPOSITORY / "zelo" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    given = [one.value for one in node.keywords if one.arg == "code" and node.func.id.endswith("Input")]
                    given += node.args[1:2] if node.func.id == "ApiError" else []
                    given += node.args[2:3] if node.func.id == "answer" else []
                    found |= {one.value for one in given if isinstance(one, ast.Constant)}
    return found


def test_every_code_is_in_the_table_and_the_table_in_the_docs() -> None:
    """No code is said that the table does not have, none stands there that nobody says; the docs show it whole."""
    from zelo.web.api.answers import OF_ERRORS
    from zelo.web.api.codes import CODES, OF_EVENTS, as_markdown, events_as_markdown
    from zelo.web.errors import _BARE

    said = codes_in_code() | {code for _, code in OF_ERRORS.values()} | set(_BARE.values())
    assert set(CODES) <= said <= CODES.keys() | OF_EVENTS.keys()
    assert all(CODES[code].status == status for status, code in (*OF_ERRORS.values(), *_BARE.items()))
    text = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    assert as_markdown() in text and events_as_markdown() in text


def test_what_django_answers_has_the_form_of_the_api(served: Platform) -> None:
    """An address that is not there, and a method that is not, are told like everything else; so is a crash."""
    from unittest.mock import patch

    from django.test import Client

    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {served.key()}"})
    assert client.get("/api/v1/nowhere").json()["error"]["code"] == "not_found"
    answer = client.put("/api/v1/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
    with patch("zelo.web.api.reading.feed", side_effect=RuntimeError("a secret of the inside")):
        answer = client.get("/api/v1/feed")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert b"secret" not in answer.content and answer.headers["X-Request-Id"]
