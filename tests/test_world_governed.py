"""A world that answers back: decisions change what happens next, and two packs differ only by what they do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import pytest

from tests.worlds import PACK, contents, fingerprints, made, rows, silent
from zelo.adapters.packs import open_pack
from zelo.base.errors import InvalidInput
from zelo.decide.decision import Decision
from zelo.decide.flows import Run, run_history
from zelo.policy.pack import Pack
from zelo.simulate.governed import PackGovernor
from zelo.simulate.making import Order, make_world

ACCOUNTS, DAYS, SEED = 700, 16, 9
FORBIDDEN = {
    "sell": ("listing.created", "seller.id"),
    "publish": ("content.uploaded", "account.id"),
    "comment": ("comment.posted", "account.id"),
    "live": ("live.started", "account.id"),
}
"""By scope: what an account that is barred does not do."""
WHO = ("account.id", "seller.id", "buyer.id", "content.id", "content.author.id", "listing.id", "followed.id", "to.id")
"""Columns that name whom or what an event is about."""
STRICT = ("harassment", "dangerous_acts", "sexual_content", "prohibited_goods", "minors")
"""Policies that bar an account after some violations; here after the first."""


def other_pack(folder: Path, keep: tuple[str, ...], change: Callable[[str], str] = lambda text: text) -> Pack:
    """Return the shipped pack with some of its policies only, in changed words."""
    shutil.copytree(PACK, folder)
    for path in (folder / "policies").iterdir():
        if path.stem not in keep:
            path.unlink()
        else:
            path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return open_pack(folder)


@cache
def governed(name: str) -> tuple[Path, tuple[Decision, ...]]:
    """Return a world under the shipped pack or a changed one, and the decisions that asked for something."""
    home = Path(mkdtemp(prefix="zelo-governed-"))
    pack = open_pack(PACK)
    if name == "quiet":
        pack = other_pack(home / "pack", ("respect",))
    elif name == "strict":
        pack = other_pack(home / "pack", STRICT, lambda text: text.replace("times: 3", "times: 1"))
    told: list[Decision] = []
    make_world(Order(ACCOUNTS, DAYS, SEED, home / "world"), silent, PackGovernor(pack, told=told.append))
    return home / "world", tuple(told)


def events(root: Path) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Return every event of a world by kind and id, with whom it is about and what it says."""
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    for folder in sorted((root / "events").iterdir()):
        table = duckdb.sql(
            "SELECT CAST(COLUMNS(* EXCLUDE (effective_at, order_key, day, kind)) AS VARCHAR)"
            f" FROM '{folder}/*/*.parquet'"
        )
        for row in table.fetchall():
            cells = dict(zip(table.columns, row, strict=True))
            about = tuple(cells.get(name) for name in WHO)
            found[folder.name, cells["event_id"]] = (about, tuple(str(cell) for cell in row))
    return found


def touched(root: Path, decisions: tuple[Decision, ...]) -> set[object]:
    """Return the accounts and things that a pack's decisions, or what followed from them, were about."""
    about = {effect.entity for decision in decisions for effect in decision.effects}
    about |= {name for (name,) in rows(root, "SELECT id FROM $accounts WHERE hits > 0 OR linked_to IS NOT NULL")}
    about |= {
        name for pair in rows(root, "SELECT id, author FROM $items WHERE removed_at IS NOT NULL") for name in pair
    }
    return about


def test_one_seed_and_one_pack_are_one_world(tmp_path: Path) -> None:
    """The world under a pack is a function of both, to the byte."""
    for name in ("one", "other"):
        made(tmp_path / name, accounts=200, days=6, seed=SEED, pack=open_pack(PACK))
    assert fingerprints(tmp_path / "one") == fingerprints(tmp_path / "other")
    assert rows(tmp_path / "one", "SELECT count(*) > 0 FROM $accounts WHERE hits > 0") == [(True,)]


def test_two_packs_share_their_random_numbers() -> None:
    """Whatever no decision touched happens in both worlds, at the same instant and in the same words."""
    (quiet, none), (ruled, decisions) = governed("quiet"), governed("shipped")
    assert none == () and decisions
    before, after = events(quiet), events(ruled)
    reached = touched(ruled, decisions)
    different = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert different and len(different) < 0.2 * len(before)
    for name in different:
        if name[0] in ("kind=appeal.filed", "kind=training.finished"):
            continue
        about, _ = before.get(name) or after[name]
        assert reached & set(about), f"{name} differs, and nothing decided touched it"


def test_decisions_hold_from_their_moment_on() -> None:
    """What is removed gets no views, what is held is not seen, and who may not sell does not list."""
    root, decisions = governed("strict")
    for kind, column in (
        ("content.viewed", "content.id"),
        ("comment.posted", "content.id"),
        ("order.placed", "listing.id"),
    ):
        seen = rows(
            root,
            f"""SELECT count(*) FROM $events/kind={kind}/*/*.parquet' e JOIN $items i ON i.id = e."{column}"
            WHERE e.occurred_at > i.removed_at AND i.restored_at IS NULL""",
        )
        assert seen == [(0,)], kind
    barred = [
        (effect.entity, *FORBIDDEN[str(effect.parameters["scope"])], decision.effective_ms, effect.parameters["for"])
        for decision in decisions
        for effect in decision.effects
        if effect.kind == "restrict_account"
    ]
    assert barred
    for account, kind, column, since_ms, length_us in barred:
        until_ms = since_ms + int(str(length_us)) // 1_000
        done = rows(
            root,
            f"""SELECT count(*) FROM $events/kind={kind}/*/*.parquet' WHERE "{column}" = '{account}'
            AND epoch_ms(occurred_at) BETWEEN {since_ms + 5_000} AND {until_ms}""",
        )
        assert done == [(0,)], (account, kind)


def test_a_pack_lowers_what_people_see_of_offences() -> None:
    """Views of offences that are taken down are fewer under the shipped pack than under one that never acts."""
    sql = """SELECT sum(views) FROM $items WHERE kind = 'video' AND habit IS NOT NULL
        AND habit NOT IN ('copied_videos', 'undisclosed_ads')"""
    (quiet,), (ruled,) = rows(governed("quiet")[0], sql)[0], rows(governed("shipped")[0], sql)[0]
    assert int(str(ruled or 0)) < 0.6 * int(str(quiet))


def test_people_answer_to_what_is_decided() -> None:
    """Under a pack some offenders reform, some write in disguise; under one that never acts nobody has a reason to."""
    asked = "SELECT count(*) FILTER (reformed), count(*) FILTER (hits > 0) FROM $accounts"
    disguised = "SELECT count(*) FROM $items WHERE manner = 'disguised'"
    quiet, ruled = governed("quiet")[0], governed("shipped")[0]
    assert rows(quiet, asked) == [(0, 0)] and rows(quiet, disguised) == [(0,)]
    reformed, hit = rows(ruled, asked)[0]
    assert 0 < reformed < hit and rows(ruled, disguised)[0][0] > 0  # type: ignore[operator]


def test_a_pack_whose_fields_are_of_other_types_is_refused(tmp_path: Path) -> None:
    """The world says which field does not fit, before a day is decided wrongly."""
    pack = other_pack(tmp_path / "pack", ("respect",))
    text = (tmp_path / "pack" / "events.yaml").read_text(encoding="utf-8")
    (tmp_path / "pack" / "events.yaml").write_text(
        text.replace("duration_s: int", "duration_s: string"), encoding="utf-8"
    )
    pack = open_pack(tmp_path / "pack")
    with pytest.raises(InvalidInput, match="duration_s"):
        make_world(Order(100, 1, 1, tmp_path / "w"), silent, PackGovernor(pack))
    assert contents(tmp_path / "w") == contents(tmp_path / "w") and not (tmp_path / "w" / "manifest.json").exists()


def test_history_decides_what_the_loop_decided(tmp_path: Path) -> None:
    """Run over the finished world, the pack asks for exactly what it asked for while the world was made."""
    root, decisions = governed("shipped")
    run_history(Run(open_pack(PACK), root, tmp_path / "run", now_us=None), silent, lambda: False)
    asked = "SELECT event_id, fired, order_key FROM $decisions WHERE len(effects) > 0 ORDER BY order_key"
    again = duckdb.sql(asked.replace("$decisions", f"'{tmp_path}/run/decisions/*.parquet'")).fetchall()
    assert again == [(each.event_id, list(each.fired), each.order_key) for each in decisions]
