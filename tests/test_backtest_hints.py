"""Laws of hints: what truly sets false positives apart is found, chance is not, and the words are plain."""

from __future__ import annotations

from random import Random

from tests.backtest_worlds import TONGUES
from zelo.backtest.hints import Table, separated
from zelo.backtest.report.sentences import hint_words

TITLES = {"age": {"en": "Age in days", "pt-BR": "Idade em dias"}}
NAMES = (("features.age", None), ("event.kind", "ipv4"), ("event.noise", None))


def table(count: int, told: float, seed: int = 1) -> Table:
    """Return hits of which, with the given certainty, those of accounts older than ten days are false positives."""
    rng = Random(seed)
    rows, came_true, held = [], [], []
    for number in range(count):
        age, ip, noise = float(rng.randrange(21)), float(rng.random() < 0.5), rng.random()
        rows.append([age if rng.random() < 0.95 else float("nan"), ip, noise])
        came_true.append((age <= 10) if rng.random() < told else rng.random() < 0.5)
        held.append(number % 2 == 1)
    return Table(NAMES, rows, came_true, held)


def test_what_sets_false_positives_apart_is_found() -> None:
    """The condition, its share on the half kept back, and what leaving it out would cost."""
    found = separated("r", table(1_000, 0.9), TITLES)
    assert found and found[0].conditions[0][0] == "features.age"
    assert found[0].conditions[0][1].startswith(">") and found[0].conditions[0][2] == 10
    assert (found[0].precision.value or 1) < 0.3 < (found[0].overall.value or 0)


def test_chance_gives_no_hint() -> None:
    """Twenty tables of noise: no more hints than chance would let through."""
    told = sum(bool(separated("r", table(400, 0.0, seed), TITLES)) for seed in range(20))
    assert told <= 2


def test_a_hint_is_the_same_each_time() -> None:
    """Nothing in it is drawn."""
    assert separated("r", table(600, 0.8), TITLES) == separated("r", table(600, 0.8), TITLES)


def test_a_hint_is_said_in_both_languages() -> None:
    """By the title of the feature, with numbers as the language writes them."""
    hint = separated("r", table(1_000, 0.9), TITLES)[0]
    english, portuguese = (hint_words(hint, TONGUES[language]) for language in ("en", "pt-BR"))
    assert "“Age in days” is more than 10" in english and "came true for" in english
    assert "“Idade em dias” é mais que 10" in portuguese and "se confirmou" in portuguese


def test_few_hits_give_no_hint() -> None:
    """Below what can be told from chance nothing is looked for."""
    assert separated("r", table(20, 1.0), TITLES) == []
