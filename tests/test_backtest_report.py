"""Laws of the report: one file that needs nothing beside it, in both languages, and that nobody's text can break."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.backtest_worlds import FILES, TONGUES, against, backtest, lake, loaded, silent, sweep
from zelo.adapters.translation import translator
from zelo.backtest.figures import Figures
from zelo.backtest.flows import run_sweep
from zelo.backtest.report.page import page
from zelo.backtest.report.sentences import lede
from zelo.backtest.report.sweeps import sweep_charts, sweep_page
from zelo.backtest.report.words import COUNTED, WORDS

VOID = {"meta", "link", "br", "rect", "line", "circle", "path", "polyline"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake(tmp_path_factory.mktemp("history"), count=500)


@pytest.fixture(scope="module")
def figures(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return backtest(history, tmp_path_factory.mktemp("report") / "out", by=("kind",), **against())


class Reader(HTMLParser):
    """Reads a page: its elements, ids, and whether every element that opens is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [str(values["id"])] if "id" in values else []
        for name in ("aria-labelledby", "aria-label"):
            if name == "aria-labelledby" and name in values:
                self.named += str(values[name]).split()
        self.links += [str(values[name]) for name in ("src", "href", "xlink:href", "action") if values.get(name)]
        if tag == "section":
            assert "aria-labelledby" in values
        if tag == "svg" and "chart" in str(values.get("class", "")):
            assert "aria-hidden" in values or "aria-label" in values or "aria-labelledby" in values
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


def test_a_report_is_one_file_that_asks_for_nothing(figures: Figures) -> None:
    """No address is in it but its own parts; whatever has a name is named; it stays small."""
    text = page(figures, TONGUES)
    reader = Reader(text)
    assert all(link.startswith("#") or link == "data:," for link in reader.links)
    assert not re.search(r"@import|url\((?!#)|https?://(?!www\.w3\.org/)", text)
    assert len(reader.ids) == len(set(reader.ids)) and set(reader.named) <= set(reader.ids)
    assert len(text.encode()) < 3_000_000


def test_a_report_holds_both_languages_and_opens_in_the_readers(figures: Figures) -> None:
    """Each with its own sentence; nothing of one is left in the other."""
    text = page(figures, dict(reversed(TONGUES.items())))
    assert '<html lang="pt-BR" data-language="pt-BR">' in text
    english, portuguese = (
        text.split(f'<div class="lang-{short}"')[1].split('<div class="lang-')[0] for short in ("en", "pt")
    )
    assert "How often it would have acted" in english and "Com que frequência teria agido" not in english
    assert "Com que frequência teria agido" in portuguese and "How often it would have acted" not in portuguese
    assert "Antecedência" in portuguese and "Lead time" not in portuguese


def test_nobodys_text_becomes_markup(history: Path, tmp_path: Path) -> None:
    """Titles, ids and values that look like markup are shown as they are."""
    bad = "<script>alert(1)</script>"
    text = FILES["pack.yaml"].replace(
        b"title: {en: Base, pt-BR: Base}", f"title: {{en: '{bad}', pt-BR: '{bad}'}}".encode()
    )
    found = backtest(history, tmp_path / "out", pack=loaded({**FILES, "pack.yaml": text}), named=bad, **against())
    shown = page(found, TONGUES)
    Reader(shown)
    assert bad not in shown and "&lt;script&gt;alert(1)" in shown


def test_what_is_not_known_is_said_in_words(history: Path, tmp_path: Path) -> None:
    """An empty period, no outcome, no examples: sentences, and no share of nothing."""
    empty = page(backtest(history, tmp_path / "a", since_us=4_000_000_000_000_000), TONGUES)
    assert "there is nothing to say" in empty and "0.0%" not in empty and "NaN" not in empty and "None" not in empty
    plain = loaded({name: content for name, content in FILES.items() if name != "outcomes.yaml"})
    without = page(backtest(history, tmp_path / "b", pack=plain, outcome=None, sample=0), TONGUES)
    assert "declares no outcome" in without and "No event is shown" in without


def test_aggregates_only_holds_no_id(history: Path, tmp_path: Path) -> None:
    """Neither of an event nor of an account, in the page or in the JSON; the decisions are not kept."""
    backtest(history, tmp_path / "out", aggregates_only=True, sample=3)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "report.json"}
    for path in (tmp_path / "out").iterdir():
        assert not re.search(r"\b(e\d{1,3}|s[0-4]|r[0-8]|l[0-8])\b(?!\w)(?=[\"<])", path.read_text())


def test_the_sentence_fits_what_was_found(figures: Figures, history: Path, tmp_path: Path) -> None:
    """With another version, with an outcome, with neither, and when nothing differs."""
    english = TONGUES["en"]
    assert lede(figures, english).startswith("Against before, the rules act on")
    assert "accounts would be restricted" in lede(figures, english)
    few = loaded({**FILES, "policies/busy.yaml": FILES["policies/busy.yaml"].replace(b"price > 19.0", b"price > 99.0")})
    met = backtest(history, tmp_path / "met", sample=0, since_us=None, old=few, old_named="before", old_files=FILES)
    assert met.totals.accounts_gained is not None
    alone = backtest(history, tmp_path / "alone", sample=0)
    assert lede(alone, english).startswith("The rules would have acted on ") and "it did not" in lede(alone, english)
    same = backtest(history, tmp_path / "same", sample=0, **against(FILES))
    assert "no effect on this history" in lede(same, english)


def test_every_word_is_said_somewhere() -> None:
    """No text is kept that no page shows."""
    folder = Path(__file__).resolve().parent.parent / "zelo"
    files = [*(folder / "backtest" / "report").glob("*"), *(folder / "cli").glob("backtest*.py")]
    text = "".join(path.read_text() for path in files if path.suffix in (".py", ".html") and path.name != "words.py")
    made_up = ("test_", "why_", "held_", "sort_", "age_", "size_", "only_", "minute", "hour", "day")
    unused = [key for key in (*WORDS, *COUNTED) if f'"{key}"' not in text and not key.startswith(made_up)]
    assert unused == []


def test_a_sweep_is_a_page_and_charts_of_their_own(history: Path) -> None:
    """The page is one file; each chart is whole XML with its words."""
    curve = run_sweep(sweep(history, "many", "pieces"), silent)
    Reader(sweep_page(curve, TONGUES))
    charts = sweep_charts(curve, TONGUES["en"])
    assert set(charts) == {"hits", "precision", "recall"}
    for chart in charts.values():
        root = ET.fromstring(chart)
        assert root.tag.endswith("svg") and root.find("{http://www.w3.org/2000/svg}title") is not None


def test_a_neighbour_of_a_number_is_said_to_lie_just_beside_it() -> None:
    """0.1 and the double below it are two values of a constant, and look like two."""
    tongue = TONGUES["en"]
    assert tongue.threshold(math.nextafter(0.1, -math.inf)) == "just below 0.1" and tongue.threshold(0.1) == "0.1"
    assert tongue.threshold(math.nextafter(7.5, math.inf)) == "just above 7.5" and tongue.threshold(3) == "3"
    assert TONGUES["pt-BR"].threshold(math.nextafter(0.1, -1)) == "logo abaixo de 0,1"


def test_the_title_changes_with_the_language(figures: Figures, history: Path) -> None:
    """Each language brings its own, and the switch takes it."""
    curve = run_sweep(sweep(history, "many", "pieces"), silent)
    for text in (page(figures, TONGUES), sweep_page(curve, TONGUES)):
        assert len(set(re.findall(r'data-title="([^"]+) · zelo"', text))) == 2
        assert "document.title = shown.dataset.title" in text


def test_portuguese_numbers_are_written_its_way() -> None:
    """A decimal comma, a point between thousands, days with their month in words."""
    tongue = TONGUES["pt-BR"]
    assert tongue.count("events", 1) == "1 evento" and tongue.count("events", 12_345) == "12.345 eventos"
    assert tongue.percent(0.0512) == "5,1%" and tongue.length(129_600_000) == "1,5 dias"
    assert tongue.day("2027-05-04") == "4 de mai. de 2027"
    assert translator("pt-BR")("Precision") == "Precisão"
