"""Reads what a schedule says beside its tracks: warnings, training, appeals, tiers, gates, payouts, standings."""

from __future__ import annotations

from zelo.base.source import Report
from zelo.policy import load_names as names
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_shapes import At, Entry, Fields, Record, Sequence, Table
from zelo.policy.load_values import Choice, Flag, Name, Whole
from zelo.policy.schedules import read_lines as lines
from zelo.policy.schedules.read_tracks import MEASURES, limits_of
from zelo.policy.schedules.shapes import BASIS, ID_NAME, WHEN, Amount, Days, Term, Word, check_known
from zelo.policy.schedules.values import (
    AppealRule,
    AtOnce,
    Conventions,
    Need,
    Payout,
    StandingWord,
    Tier,
    Tiers,
    Training,
    Use,
    WarningFirst,
)

_MANY = Entry("many", Whole(1, 100), "How many warnings; one.", required=False)
_PER = Entry("per", Sequence(ID_NAME, or_one=True, most=4), "For each value of these.", required=False)
_LASTS = Entry("lasts", Term(forever=True), "How long a warning holds.")
_TRAINING = Entry("training", ID_NAME, "The training that lets a warning end.", required=False)
_AFTER_TRAINING = Entry("after_training", Term(), "It ends this long after the training.", required=False)
_SAME = Entry("same", Sequence(ID_NAME, or_one=True, most=4), "After training only the same again counts.", False)
WARNING_FIRST = Record((_MANY, WHEN, _PER, _LASTS, _TRAINING, _AFTER_TRAINING, _SAME, BASIS))


def warning_first_of(fields: Fields | None, known: lines.Known, report: Report) -> WarningFirst | None:
    """Return how first violations are warned of."""
    if fields is None:
        return None
    many, lasts, training, after = (
        fields.get(_MANY), fields.get(_LASTS), fields.get(_TRAINING), fields.get(_AFTER_TRAINING)
    )  # fmt: skip
    words = (*known.attributes, "violation", "severity")
    per, same = fields.get(_PER) or (), fields.get(_SAME) or ()
    for name in (*per, *same):
        check_known("Z313", name, words, report)
    return WarningFirst(
        many.value if many else 1,
        lines.match_of(fields.get(WHEN), known, report),
        tuple(name.value for name in per),
        lasts.value if lasts else None,
        training.value if training else None,
        after.value if after else None,
        tuple(name.value for name in same),
        lines.basis_of(fields),
    )


def at_once_of(given: tuple[Fields, ...], known: lines.Known, report: Report) -> tuple[AtOnce, ...]:
    """Return the lines that act at once."""
    found = []
    for fields in given:
        use, counts = lines.use_of(fields, known, report), fields.get(lines.COUNTS)
        if use is not None and use.when is not None:
            bare = Use(
                use.kind, use.name, use.lasts, use.until_step, use.from_step, use.delay, None, use.toward, use.basis
            )
            found.append(AtOnce(use.when, bare, bool(counts and counts.value)))
        elif use is not None:
            report.add("Z023", fields.node.heading, key="when")
    return tuple(found)


_REMOVES = Entry("removes", Flag(), "Takes the violation it is about off the record.", required=False)
_FIRST = Entry("first_only", Flag(), "Only while that is the only one that counts.", required=False)
_SHORTENS = Entry("shortens", Term(), "Running penalties last only this long.", required=False)
_ONCE_IN = Entry("once_in", Term(), "Counts once in such a period.", required=False)
_UNLESS = Entry("unless_at", Table(names.ID, Amount(), most=1), "Refused at this balance or worse.", required=False)
_NOT_FOR = Entry("not_for", WHEN.shape, "Not for these.", required=False)
_SCORES = Entry("needs", MEASURES, "What the training must have reached, such as a score.", required=False)
TRAINING = Record((_SCORES, _REMOVES, _FIRST, _SHORTENS, _ONCE_IN, _UNLESS, _NOT_FOR, BASIS))


def training_of(name: str, fields: Fields, known: lines.Known, report: Report) -> Training:
    """Return what a training does."""
    removes, first, shortens, once = (
        fields.get(_REMOVES), fields.get(_FIRST), fields.get(_SHORTENS), fields.get(_ONCE_IN)
    )  # fmt: skip
    unless, not_for = fields.get(_UNLESS) or (), fields.get(_NOT_FOR)
    return Training(
        name,
        bool(removes and removes.value),
        bool(first and first.value),
        shortens.value if shortens else None,
        once.value if once else None,
        next(((track.value, limit.value) for track, limit in unless), None),
        lines.match_of(not_for, known, report) if not_for else None,
        limits_of(fields.get(_SCORES)),
        lines.basis_of(fields),
    )


_WITHIN = Entry("within", Term(), "Filed no later than this after the entry.", required=False)
_MOST = Entry("most", Whole(1, 100), "At most so many about one entry.", required=False)
_EACH = Entry("in_each", Term(), "The number holds for such a period.", required=False)
APPEAL = Record((WHEN, _WITHIN, _MOST, _EACH, BASIS))


def appeal_of(fields: Fields, known: lines.Known, report: Report) -> AppealRule:
    """Return which appeals are accepted."""
    within, most, each = fields.get(_WITHIN), fields.get(_MOST), fields.get(_EACH)
    return AppealRule(
        lines.match_of(fields.get(WHEN), known, report),
        within.value if within else None,
        most.value if most else None,
        each.value if each else None,
        lines.basis_of(fields),
    )


_N_NEED = Entry("need", ID_NAME, "Its name, told to whom it refuses.")
_N_ABOUT = Entry("about", Name(names.PATH), "The measure; as the name when not said.", required=False)
_N_LEAST = Entry("least", Amount(), "At least.", required=False)
_N_MOST = Entry("most", Amount(), "At most.", required=False)
_N_ABOVE = Entry("above", Amount(), "More than.", required=False)
_N_AMONG = Entry("among", Sequence(Word(), or_one=True), "One of these words.", required=False)
_N_NONE = Entry("none_of", Sequence(Word(), or_one=True), "None of these words.", required=False)
NEED = Record((_N_NEED, _N_ABOUT, _N_LEAST, _N_MOST, _N_ABOVE, _N_AMONG, _N_NONE, WHEN, BASIS))


def need_of(fields: Fields, known: lines.Known, report: Report) -> Need | None:
    """Return a condition of a tier or gate."""
    name, about = fields.get(_N_NEED), fields.get(_N_ABOUT)
    limits = (_N_LEAST, _N_MOST, _N_ABOVE, _N_AMONG, _N_NONE)
    if not any(fields.has(entry) for entry in limits):
        report.add("Z335", fields.node.heading)
    if name is None:
        return None
    least, most, above = fields.get(_N_LEAST), fields.get(_N_MOST), fields.get(_N_ABOVE)
    among, none = fields.get(_N_AMONG), fields.get(_N_NONE)
    return Need(
        name.value,
        about.value if about else name.value,
        least.value if least else None,
        most.value if most else None,
        above.value if above else None,
        frozenset(word.value for word in among) if among else None,
        frozenset(word.value for word in none) if none else None,
        lines.match_of(fields.get(WHEN), known, report),
        lines.basis_of(fields),
    )


_T_TIER = Entry("tier", Name(names.TAG), "Its name.")
_T_TITLE = Entry("title", IN_BOTH, "What people call it.")
_T_NEEDS = Entry("needs", Sequence(NEED, least=0, most=40), "Its conditions.")
_T_PERKS = Entry("perks", Sequence(ID_NAME, least=0, most=40), "What it brings.", required=False)
_TIER = Record((_T_TIER, _T_TITLE, _T_NEEDS, _T_PERKS, BASIS))
_TS_LADDER = Entry("ladder", Sequence(_TIER, most=40), "The tiers, lowest first.")
_TS_EVALUATED = Entry("evaluated", Days(), "Tiers change on these days only.", required=False)
_TS_LOST = Entry("lost_after", Term(), "Lost only when its conditions failed this long.", required=False)
_TS_REGAINED = Entry("regained_after", Term(), "After a loss no rise for this long.", required=False)
TIERS = Record((_TS_LADDER, _TS_EVALUATED, _TS_LOST, _TS_REGAINED))


def tiers_of(fields: Fields | None, known: lines.Known, report: Report) -> Tiers:
    """Return the tiers."""
    if fields is None:
        return Tiers()
    found: dict[str, Tier] = {}
    for line in fields.get(_TS_LADDER) or ():
        name, perks = line.get(_T_TIER), line.get(_T_PERKS) or ()
        needs = [need_of(need, known, report) for need in line.get(_T_NEEDS) or ()]
        if name is None:
            continue
        if name.value in found:
            report.add("Z336", name.span, name=name.value)
        kept = tuple(need for need in needs if need is not None)
        words = tuple(perk.value for perk in perks)
        found[name.value] = Tier(name.value, line.get(_T_TITLE) or {}, kept, words, lines.basis_of(line))
    lost, regained = fields.get(_TS_LOST), fields.get(_TS_REGAINED)
    return Tiers(
        tuple(found.values()),
        fields.get(_TS_EVALUATED),
        lost.value if lost else None,
        regained.value if regained else None,
    )


_O_OF = Entry("of", ID_NAME, "The measure that earns.")
_O_ON = Entry("on", Days(), "The days of payment.")
_O_LEAST = Entry("at_least", Amount(), "Paid only from this much on; else carried over.")
PAYOUT = Record((_O_OF, _O_ON, _O_LEAST, BASIS))


def payout_of(name: str, fields: Fields) -> Payout | None:
    """Return how earnings are paid out."""
    of, on, least = fields.get(_O_OF), fields.get(_O_ON), fields.get(_O_LEAST)
    if of is None or on is None or least is None:
        return None
    return Payout(name, of.value, on, least.value, lines.basis_of(fields))


_S_WORD = Entry("standing", ID_NAME, "The word.")
_S_TITLE = Entry("title", IN_BOTH, "What people call it.")
_S_PENALTY = Entry("penalty", Sequence(ID_NAME, or_one=True), "While one of these is in force.", required=False)
_S_ANY = Entry("any_penalty", Flag(), "While any penalty is in force.", required=False)
_S_WARNED = Entry("warned", Flag(), "While a warning holds or a milestone is close.", required=False)
_S_BAND = Entry("band", Sequence(Name(names.TAG), or_one=True), "While in one of these bands.", required=False)
STANDING = Record((_S_WORD, _S_TITLE, _S_PENALTY, _S_ANY, _S_WARNED, _S_BAND))


def word_of(fields: Fields, known: lines.Known, report: Report) -> StandingWord | None:
    """Return a word for a standing."""
    word, penalties = fields.get(_S_WORD), fields.get(_S_PENALTY) or ()
    any_penalty, warned, bands = fields.get(_S_ANY), fields.get(_S_WARNED), fields.get(_S_BAND) or ()
    for name in penalties:
        check_known("Z314", name, known.penalties, report)
    if word is None:
        return None
    return StandingWord(
        word.value,
        fields.get(_S_TITLE) or {},
        frozenset(name.value for name in penalties),
        bool(any_penalty and any_penalty.value),
        bool(warned and warned.value),
        frozenset(band.value for band in bands),
    )


_SWITCHES = {
    "several_milestones": ("severest", "all"),
    "milestone_again": ("again", "once"),
    "expiry": ("runs_on", "ends"),
    "appeal_granted": ("recompute", "points_only"),
    "appeal_pending": ("runs", "pauses"),
}
_SWITCH = {
    name: Entry(name, Choice(options), f"A convention; `{options[0]}` when not said.", required=False)
    for name, options in _SWITCHES.items()
}
CONVENTIONS = Record(tuple(_SWITCH.values()))


def conventions_of(fields: Fields | None) -> Conventions:
    """Return the switches."""
    given: dict[str, str] = {}
    for name, entry in _SWITCH.items():
        value: At[str] | None = fields.get(entry) if fields else None
        if value is not None:
            given[name] = value.value
    return Conventions(**given)
