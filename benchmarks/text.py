"""
What folding adds to word matching, measured on published tests and on disguises of our own, and what it costs.

    python3 dev.py bench text [--json]

Prints figures only: the data sets and lexicons hold insults, and no row or word of them is shown.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ahocorasick_rs import BytesAhoCorasick

from zelo.policy.functions.folding import fold
from zelo.policy.functions.web import registered_domain, url_host, urls
from zelo.policy.functions.words import Words

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SPELLING = ("spell_leet_h", "spell_space_add_h", "spell_space_del_h", "spell_char_swap_h", "spell_char_del_h")
TEXTS: dict[str, str] = {
    "ascii": "Promocao imperdivel: bolsa de couro legitimo, frete gratis!!",
    "accents": "Promoção imperdível: bolsa de couro legítimo, frete grátis!!",
    "digits": "iPhone 13 Pro Max 256GB 5G tela 6.1 em 12x de R$ 416,58 ok",
    "disguised": "Promo v1@gr4 b.a.r.a.t.o: b\u043elsa de couro, frete gr\u200bátis!!",
    "other_script": "\u043f\u0440\u0438\u0432\u0435\u0442 imperdível: bolsa de couro legítimo, frete grátis",
}
"""Sixty characters each."""
Reader = Callable[[str], str]


def lowered(text: str) -> str:
    """Return the baseline: lower-case words, accents and all else as they are."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.lower()).split())


def unaccented(text: str) -> str:
    """Return the usual preparation: lower-case words without accents."""
    parts = unicodedata.normalize("NFD", lowered(text))
    return "".join(char for char in parts if not unicodedata.combining(char))


READERS: dict[str, Reader] = {"lower": lowered, "no accents": unaccented, "folded": fold}


def wilson(hits: int, total: int) -> tuple[float, float, float]:
    """Return share, lower and upper bound (95 %) in percent; Wilson 1927."""
    if total == 0:
        return 0.0, 0.0, 0.0
    share, z2 = hits / total, 1.96**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = 1.96 / (1 + z2 / total) * (share * (1 - share) / total + z2 / (4 * total**2)) ** 0.5
    return 100 * share, max(0.0, 100 * (middle - half)), 100 * (middle + half)


class Finder:
    """A list searched as whole words after some preparation of both sides."""

    def __init__(self, entries: Iterable[str], reader: Reader) -> None:
        patterns = sorted({f" {words} ".encode() for entry in entries if (words := reader(entry))})
        self.reader, self.matcher = reader, BytesAhoCorasick(patterns)

    def finds(self, text: str) -> bool:
        padded = f" {self.reader(text)} ".encode("utf-8", "replace")
        return bool(self.matcher.find_matches_as_indexes(padded))


def table(place: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(DATA / place).to_pylist()
    return rows


def spelling_cases() -> dict[str, dict[str, float]]:
    """HateCheck: of the cases that hide a word of their reference case, the share in which it is found again."""
    cases = table("functional_suites/hatecheck_en.parquet")
    by_id = {row["case_id"]: row["test_case"] for row in cases}
    found: dict[str, dict[str, float]] = {}
    for group in SPELLING:
        pairs = [(row["test_case"], by_id[int(row["ref_case_id"])]) for row in cases if row["functionality"] == group]
        hidden = [(text, set(unaccented(plain).split()) - set(unaccented(text).split())) for text, plain in pairs]
        hidden = [(text, lost) for text, lost in hidden if lost]
        again = sum(bool(lost & set(fold(text).split())) for text, lost in hidden)
        share, low, high = wilson(again, len(hidden))
        found[group] = {"cases": len(hidden), "found": again, "share": share, "low": low, "high": high}
    return found


def lexicon_on_hatecheck() -> dict[str, dict[str, float]]:
    """HateCheck with a public list: share matched in each group of classes, by preparation."""
    cases = table("functional_suites/hatecheck_en.parquet")
    entries = [row["term"] for row in table("lexicons/ldnoobw_pt_en.parquet") if row["lang"] == "en"]
    groups = {
        "spelling classes": [row["test_case"] for row in cases if row["functionality"].startswith("spell_")],
        "other hateful classes": [
            row["test_case"]
            for row in cases
            if row["label_gold"] == "hateful" and not row["functionality"].startswith("spell_")
        ],
        "non-hateful classes": [row["test_case"] for row in cases if row["label_gold"] != "hateful"],
    }
    return {name: matched(entries, texts) for name, texts in groups.items()}


def lexicon_on_emoji() -> dict[str, dict[str, float]]:
    """HatemojiBuild, texts with emoji, with the same list: share matched by label."""
    rows = table("functional_suites/hatemoji_build_en.parquet")
    entries = [row["term"] for row in table("lexicons/ldnoobw_pt_en.parquet") if row["lang"] == "en"]
    labels = {"hateful": 1, "non-hateful": 0}
    return {
        name: matched(entries, [row["text"] for row in rows if row["label_gold"] == gold])
        for name, gold in labels.items()
    }


def matched(entries: list[str], texts: list[str]) -> dict[str, float]:
    counts: dict[str, float] = {"texts": len(texts)}
    for name, reader in READERS.items():
        finder = Finder(entries, reader)
        counts[name] = sum(map(finder.finds, texts))
    return counts


def portuguese() -> dict[str, dict[str, Any]]:
    """Brazilian tweets with MOL: recall and precision of 'a listed word stands in it' against the annotators."""
    terms = table("lexicons/mol_pt_en.parquet")
    lists = {
        "always offensive": [row["pt-brazilian-portuguese"] for row in terms if row["pt-contextual-label"] == 1],
        "all terms": [row["pt-brazilian-portuguese"] for row in terms if row["pt-brazilian-portuguese"]],
    }
    sets = {
        "told_br": [(row["text"], row["toxic_majority"]) for row in table("pt_toxicity/told_br.parquet")],
        "tupy": [(row["text"], bool(row["aggressive"])) for row in table("pt_toxicity/tupy.parquet")],
    }
    found: dict[str, dict[str, Any]] = {}
    for set_name, rows in sets.items():
        toxic = sum(label for _, label in rows)
        for list_name, entries in lists.items():
            for name, reader in READERS.items():
                finder = Finder(entries, reader)
                hits = [label for text, label in rows if finder.finds(text)]
                found[f"{set_name}, {list_name}, {name}"] = {
                    "texts": len(rows),
                    "toxic": toxic,
                    "matched": len(hits),
                    "right": sum(hits),
                    "recall": wilson(sum(hits), toxic),
                    "precision": wilson(sum(hits), len(hits)),
                }
    return found


def vocabulary(count: int) -> list[str]:
    """Return the most frequent unaccented words of four to ten letters of the Portuguese tweets."""
    frequency: dict[str, int] = {}
    for row in table("pt_toxicity/told_br.parquet"):
        for word in unaccented(row["text"]).split():
            if word.isascii() and word.isalpha() and 4 <= len(word) <= 10 and fold(word) == word:
                frequency[word] = frequency.get(word, 0) + 1
    return sorted(frequency, key=lambda word: (-frequency[word], word))[:count]


def homoglyphs() -> dict[str, list[str]]:
    """Return each basic Latin letter's look-alikes by an independent table (codebox/homoglyph)."""
    found: dict[str, list[str]] = {}
    for line in (DATA / "golden_unicode" / "homoglyph_char_codes.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            chars = [chr(int(code, 16)) for code in line.split(",")]
            for letter in chars:
                if "a" <= letter <= "z":
                    found[letter] = [c for c in chars if not c.isascii() and unicodedata.category(c)[0] == "L"]
    return found


def disguises(dice: random.Random) -> dict[str, Callable[[str], str]]:
    """Return ways of writing around a list, each word to another spelling of it."""
    leet = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
    twins = homoglyphs()

    def some(word: str, change: Callable[[str], str]) -> str:
        places = set(dice.sample(range(len(word)), k=max(1, len(word) // 2)))
        return "".join(change(char) if place in places else char for place, char in enumerate(word))

    return {
        "capitals": str.upper,
        "accents": lambda word: some(word, lambda char: char + dice.choice("\u0301\u0303\u0308\u0336")),
        "zero-width": lambda word: some(word, lambda char: char + dice.choice("\u200b\u200d\u2060\u00ad")),
        "letterings": lambda word: shifted(word, dice.choice((0x1D41A, 0x1D4EA, 0xFF41, 0x24D0, 0x1F170))),
        "look-alikes": lambda word: some(word, lambda char: dice.choice(twins.get(char) or [char])),
        "digits and signs": lambda word: some(word, lambda char: dice.choice(leet.get(char, char))),
        "letters apart": lambda word: dice.choice((" ", ".", "-", " . ", "\u2022")).join(word),
        "drawn out": lambda word: some(word, lambda char: char * dice.randint(3, 6)),
        "two letters swapped": lambda word: word[:1] + word[2] + word[1] + word[3:],
        "one letter missing": lambda word: word[:2] + word[3:],
    }


def shifted(word: str, first: int) -> str:
    return "".join(chr(first + ord(char) - ord("a")) for char in word)


def own_disguises() -> dict[str, dict[str, float]]:
    """Frequent words in ten disguises: the share that folds back to the word itself."""
    found: dict[str, dict[str, float]] = {}
    words = vocabulary(2_000)
    for name, disguise in disguises(random.Random(7)).items():
        pairs = [(word, disguise(word)) for word in words]
        pairs = [(word, text) for word, text in pairs if text != word]
        right = {
            reader: sum(word in prepare(text).split() for word, text in pairs) for reader, prepare in READERS.items()
        }
        share, low, high = wilson(right["folded"], len(pairs))
        usual = wilson(right["no accents"], len(pairs))[0]
        found[name] = {"words": len(pairs), "no accents": usual, "share": share, "low": low, "high": high}
    return found


def collisions() -> dict[str, int]:
    """Real tweets: distinct words that folding changes, not counting letters drawn out, and of those the ones it
    makes equal to another word there."""
    rows = [row["text"] for row in table("pt_toxicity/told_br.parquet") + table("pt_toxicity/tupy.parquet")]
    words = {word for text in rows for word in unaccented(text).split()}
    changed = {word: fold(word) for word in words if fold(word) not in (word, undrawn(word))}
    return {"words": len(words), "changed": len(changed), "onto": sum(folded in words for folded in changed.values())}


def undrawn(word: str) -> str:
    return re.sub(r"(.)\1\1+", r"\1", word)


def cpu_us(call: Callable[[], object], times: int = 4_000) -> float:
    """Return microseconds of this thread's processor time for one call: the median of seven rounds."""
    rounds = []
    for _ in range(7):
        begun = time.thread_time()
        for _ in range(times):
            call()
        rounds.append(time.thread_time() - begun)
    return 1e6 * statistics.median(rounds) / times


def costs() -> dict[str, float]:
    """Return what one call costs, in microseconds."""
    found = {f"fold_{name}_us": cpu_us(partial(fold, text)) for name, text in TEXTS.items()}
    plain = fold(TEXTS["accents"])
    for count in (10, 1_000, 10_000):
        lists = Words(f"palavra{number}x" for number in range(count))
        found[f"has_any_word_{count}_us"] = cpu_us(partial(lists.has_any_word, plain))
    begun = time.thread_time()
    Words(f"palavra{number}x" for number in range(10_000))
    found["build_10000_ms"] = 1e3 * (time.thread_time() - begun)
    registered_domain("https://example.com/")
    found["url_host_us"] = cpu_us(lambda: url_host("https://www.loja.com.br/x?y=1"))
    found["registered_domain_us"] = cpu_us(lambda: registered_domain("https://www.loja.com.br/x?y=1"))
    found["urls_us"] = cpu_us(lambda: urls("Compre em https://loja.com.br/promo ou zap.me/55119 hoje"), 500)
    begun = time.thread_time()
    fold("v1 a.b.c @ \u0430" * 100_000)
    found["fold_million_chars_ms"] = 1e3 * (time.thread_time() - begun)
    return found


def _percent(share: float, low: float, high: float) -> str:
    return f"{share:.1f} ({low:.1f}-{high:.1f})"


def _print_all(figures: dict[str, Any]) -> None:
    print("\nwords hidden in HateCheck, found again\n")
    for name, row in figures["hatecheck_spelling"].items():
        print(f"{name:24} {row['cases']:5} cases {_percent(row['share'], row['low'], row['high']):>22} %")
    print("\nHateCheck with a public English list: texts matched\n")
    for name, row in figures["hatecheck_lexicon"].items():
        print(f"{name:24}", *(f"{key} {value}" for key, value in row.items()), sep="  ")
    print("\nHatemojiBuild with the same list: texts matched\n")
    for name, row in figures["hatemoji_lexicon"].items():
        print(f"{name:24}", *(f"{key} {value}" for key, value in row.items()), sep="  ")
    print("\nBrazilian tweets with MOL\n")
    for name, row in figures["portuguese"].items():
        print(f"{name:42} matched {row['matched']:5}  right {row['right']:4} of {row['toxic']:4}"
              f"  recall {_percent(*row['recall']):>18}  precision {_percent(*row['precision']):>18}")  # fmt: skip
    print("\nfrequent words disguised, folded back (no accents only; folded)\n")
    for name, row in figures["disguises"].items():
        folded = _percent(row["share"], row["low"], row["high"])
        print(f"{name:24} {row['words']:5} words {row['no accents']:6.1f} % {folded:>22} %")
    print("\ndistinct words of the tweets:", figures["collisions"])
    print("\ncost\n")
    for name, value in figures["cost"].items():
        print(f"{name:28} {value:10.2f}")


def main() -> None:
    """Measure all, print tables, and one JSON object on the last line with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"cost": costs()}
    if DATA.exists():
        figures |= {
            "hatecheck_spelling": spelling_cases(),
            "hatecheck_lexicon": lexicon_on_hatecheck(),
            "hatemoji_lexicon": lexicon_on_emoji(),
            "portuguese": portuguese(),
            "disguises": own_disguises(),
            "collisions": collisions(),
        }
        _print_all(figures)
    else:
        print("the data sets are not beside this clone: cost only", figures["cost"])
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
