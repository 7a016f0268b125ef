"""Every text of a report, in English; the catalogs hold the other languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.messages.message import N_

COUNTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "events": (N_("{n} event"), N_("{n} events")),
        "accounts": (N_("{n} account"), N_("{n} accounts")),
        "effects": (N_("{n} effect"), N_("{n} effects")),
        "hits": (N_("{n} hit"), N_("{n} hits")),
        "examples": (N_("{n} example"), N_("{n} examples")),
        "values": (N_("{n} further value"), N_("{n} further values")),
        "lines": (N_("{n} further line"), N_("{n} further lines")),
    }
)
"""What is counted to its words for one and for many."""
_LEDES = {
    "lede_no_events": N_("The period holds no event: there is nothing to say."),
    "lede_no_hits": N_("No rule would have fired on any of the {events} of this period."),
    "lede_plain": N_("The rules would have acted on {events} of {accounts}{restricted}."),
    "lede_judged": N_(
        "The rules would have acted on {events} of {accounts}: for {yes} of the {known} that can be judged "
        "({interval}) the outcome “{outcome}” came true, for {no} it did not{restricted}."
    ),
    "lede_unjudged": N_(
        "The rules would have acted on {events} of {accounts}, of which none can be judged by the outcome “{outcome}” "
        "yet{restricted}."
    ),
    "lede_same": N_("Both versions act on the same {events} of {accounts}: the change has no effect on this history."),
    "lede_same_otherwise": N_(
        "Both versions act on the same {events} of {accounts}, but not in the same way: {altered} are longer, stronger "
        "or other, {gained} more and {lost} fewer{restricted}."
    ),
    "lede_same_by_others": N_(
        "Both versions act on the same {events} of {accounts} with the same effects, but by other rules: "
        "{gained} more hits and {lost} fewer."
    ),
    "lede_against": N_(
        "Against {old}, the rules act on {gained} more and {lost} fewer; on {kept} both act{restricted}."
    ),
    "lede_against_judged": N_(
        "Against {old}, the rules act on {gained} more and {lost} fewer: of the {known} newly met that can be judged, "
        "the outcome “{outcome}” came true for {yes} ({interval}) and not for {no}{restricted}."
    ),
    "lede_effects": N_("; on events of both, {altered} are longer, stronger or other"),
    "lede_of_rules": N_("; the outcome can judge {judged} of the {rules} rules"),
    "lede_restricted": N_("; {accounts} would be restricted"),
    "lede_restricted_against": N_("; {accounts} would be restricted instead of {before}"),
}
_HEADS = {
    "title": N_("{pack}: backtest"),
    "title_against": N_("{pack}: backtest against {old}"),
    "report": N_("Backtest report"),
    "skip": N_("Skip to the report"),
    "table_of": N_("Table: {what}"),
    "switch_theme": N_("Light or dark"),
    "h_when": N_("How often it would have acted"),
    "h_whom": N_("Whom it meets"),
    "h_judged": N_("How well it foresaw what came"),
    "h_rules": N_("Rule by rule"),
    "h_silent": N_("Rules that said little or nothing"),
    "h_effects": N_("What it would ask for, and the daily limits"),
    "h_overlap": N_("Which rules fire together"),
    "h_by": N_("Split by {field}"),
    "h_diff": N_("What changed in the text, and what that does"),
    "h_hints": N_("Hints from false positives"),
    "h_examples": N_("Examples"),
    "h_made": N_("How this was made, and how to read it"),
}
_FACTS = {
    "history": N_("History"),
    "from_to": N_("{first} to {last}"),
    "events": N_("Events"),
    "version": N_("Version"),
    "against": N_("Against"),
    "outcome": N_("Outcome"),
    "by": N_("Entity"),
    "none": N_("none"),
    "unknown": N_("not known"),
    "missing": N_("missing"),
    "no_value": N_("no value"),
    "minute": N_("{n} minute"),
    "hour": N_("{n} hour"),
    "day": N_("{n} day"),
    "minutes": N_("{n} minutes"),
    "hours": N_("{n} hours"),
    "days": N_("{n} days"),
    "seconds": N_("{n} seconds"),
    "quartiles": N_("{median} ({q1} to {q3})"),
    "of": N_("{part} of {whole}"),
    "new_version": N_("this version"),
}
_CHARTS = {
    "chart_title": N_("Events on which a rule fired, by day"),
    "chart_title_weeks": N_("Events on which a rule fired, by week"),
    "chart_desc": N_("From {first} to {last}: {low} at least, {high} at most, {total} in all."),
    "chart_caption": N_(
        "Events on which at least one rule fired, in the time zone {zone}. A full count of the history: no interval."
    ),
    "chart_table": N_("The numbers as a table"),
    "step_day": N_("Day"),
    "step_week": N_("Week from"),
    "bar_desc": N_("{value}, 95% interval {interval}, n = {n}"),
    "sweep_page": N_("{rule} by {constant}"),
    "sweep_nothing": N_("The rule {rule} fires at no value of the constant on this history."),
    "sweep_plain": N_(
        "With {constant} at {now}, {rule} has {hits} on {accounts}; from {low} to {high} it ranges up to {candidates}."
    ),
    "sweep_judged": N_(
        "With {constant} at {now}, {rule} has {hits} on {accounts}: precision {precision} ({interval}) "
        "and recall {recall} "
        "against “{outcome}”; from {low} to {high} it ranges up to {candidates}."
    ),
    "sweep_desc": N_("From {low} to {high}; now, at {now}: {value}."),
    "just_below": N_("just below {value}"),
    "just_above": N_("just above {value}"),
    "sweep_now": N_("now {value}"),
    "sweep_note": N_(
        "One pass over the history: for each event, the value of the constant up to which the rule "
        "fires. Only this rule's use "
        "of the constant changes. A curve shows what was; a value chosen by its best point will do a little worse."
    ),
}
_COLUMNS = {
    "rule": N_("Rule"),
    "hits": N_("Hits"),
    "accounts": N_("Accounts"),
    "targets": N_("Targets"),
    "undetermined": N_("Undetermined"),
    "alone": N_("Only this rule"),
    "gained": N_("Gained"),
    "lost": N_("Lost"),
    "kept": N_("Kept"),
    "altered": N_("Altered"),
    "over_time": N_("Over time"),
    "precision": N_("Precision"),
    "recall": N_("Recall"),
    "base": N_("Without the rule"),
    "lead": N_("Lead time"),
    "cut": N_("Too recent"),
    "other_precision": N_("Precision before"),
    "effect": N_("Effect"),
    "asked": N_("Asked for"),
    "entities": N_("Entities"),
    "before": N_("Before"),
    "busiest": N_("Most in a day"),
    "limit": N_("Daily limit"),
    "at_limit": N_("Days at the limit"),
    "held": N_("Held back"),
    "account": N_("Account"),
    "class": N_("Accounts"),
    "value": N_("Value"),
}
_CLASSES = {
    "age_new": N_("New: first seen less than 7 days before"),
    "age_settled": N_("Settled: first seen 7 days before or earlier"),
    "age_unknown": N_("Age not known: seen in the first week of the history"),
    "size_one": N_("1 event: the first hit itself"),
    "size_few": N_("2 to 9 events"),
    "size_some": N_("10 to 99 events"),
    "size_many": N_("100 events or more"),
    "ages": N_("Accounts met, by how long they had been seen at their first hit"),
    "sizes": N_("Accounts met, by how many events of theirs had come at their first hit, that one included"),
    "once": N_("Met once"),
    "top_1": N_("Hits on the account met most"),
    "top_10": N_("Hits on the ten accounts met most"),
    "most": N_("The accounts met most"),
    "accounts_met": N_("Accounts met"),
    "restricted": N_("Accounts restricted"),
    "restricted_how": N_("An effect on the whole account was asked for"),
    "restricted_before": N_("{before} with {old}"),
    "met_against": N_("{gained} newly met, {lost} no longer"),
    "no_accounts": N_("No account was met."),
}
_JUDGED = {
    "judged_intro": N_(
        "“{outcome}” is what a rule is measured by here. Each entity counts once, at its first hit; "
        "entities whose horizon "
        "passes {end}, the end of the history, are left out and counted as too recent: {cut} in all."
    ),
    "judged_labels": N_(
        "“{outcome}” is what a rule is measured by here, from the labels of a file; what no label "
        "speaks of is left out."
    ),
    "no_outcome": N_(
        "No outcome was chosen, so this report does not say how well the rules do. The pack declares: {names}."
    ),
    "no_outcome_at_all": N_(
        "The pack declares no outcome, so this report does not say how well the rules do. An outcome is "
        "a later event or a "
        "file of labels, in `outcomes.yaml`."
    ),
    "recall_how": N_("{part} of {whole} of whom it came true after an event that a rule looks at"),
    "precision_how": N_("{part} of {whole} met for the first time; without any rule {base}"),
    "lead_how": N_("From the first hit to the outcome; in brackets the middle half"),
    "out_of_reach": N_(
        "Of {n} more it came true, but nothing that these rules look at was seen of them within the horizon before."
    ),
    "why_own_kind": N_("looks at the outcome itself"),
    "why_no_role": N_("is about events without that entity"),
    "why_not_tried": N_("never tried: no events of its kinds in the period"),
    "why_no_hits": N_("never fired where it can be judged"),
    "why_all_cut": N_("all hits are too recent"),
    "why_unlabeled": N_("no label speaks of its hits"),
    "gained_judged": N_("Of the entities only {version} meets, it came true for {share} ({interval}), n = {n}."),
    "gained_unjudged": N_("Of the entities only {version} meets, none can be judged."),
    "base_note": N_(
        "Without the rule: of all entities, how many came true after the first event that the rule looks at."
    ),
}
_RULES = {
    "only_new": N_("new in this version"),
    "only_old": N_("not in this version"),
    "changed": N_("changed"),
    "silent_never_tried": N_("Never tried: the history has no event of the kinds it looks at ({kinds})."),
    "silent_never_fired": N_("Tried on {n} and never true."),
    "silent_undetermined": N_(
        "Undetermined on {share} of the events it looks at: a value was missing. It never fires on those."
    ),
    "silent_none": N_("Every rule fired, and none was often undetermined."),
    "no_effects": N_("No effect was asked for."),
    "no_limit": N_("no limit"),
    "held_rule_limit": N_("the rule's daily limit"),
    "held_daily_limit": N_("the pack's daily limit"),
    "held_superseded": N_("a stronger effect took its place"),
    "held_no_entity": N_("the event does not say on whom"),
    "overlap_caption": N_("Events on which both rules fired, and their share of the hits of the rule on the left."),
    "overlap_none": N_("No two rules fired on the same event."),
    "overlap_few": N_("Only the {n} rules with the most hits in common are shown."),
    "by_rest": N_("{rest} are not listed."),
    "no_diff": N_("The texts of both versions are the same."),
    "diff_effect": N_("{rule}: {gained} gained, {lost} lost, {kept} kept"),
    "diff_altered": N_("{rule}: {gained} gained, {lost} lost, {kept} kept, of whose effects {altered} are altered"),
    "effects_sum": N_(
        "Altered: on the same entity at the same event, with other parameters. Kept, altered and gained together are "
        "what this version asks for; kept, altered and lost what the other does."
    ),
    "diff_nothing": N_("No rule of this file acts differently on this history."),
    "diff_cut": N_("{lines} are not shown."),
}
_HINTS = {
    "hints_intro": N_(
        "Where a rule was wrong more often than elsewhere. Found on half of the accounts and checked on "
        "the other half. A "
        "hint, not a rule: it may be chance, or a trait that nobody should be judged by. Nothing was applied."
    ),
    "hints_none": N_("Nothing was found that sets false positives apart from true ones clearly enough to speak of it."),
    "hint": N_(
        "{rule}: when {conditions}, it came true for {precision} of {n} ({interval}), against {overall} "
        "overall. To leave such "
        "hits out would also lose {removes} of the true ones."
    ),
    "and": N_(" and "),
    "test_<=": N_("{what} is at most {value}"),
    "test_>": N_("{what} is more than {value}"),
    "test_<=?": N_("{what} is at most {value}, or missing"),
    "test_>?": N_("{what} is more than {value}, or missing"),
    "test_==": N_("{what} is {value}"),
    "test_!=": N_("{what} is not {value}"),
    "test_missing": N_("{what} is missing"),
    "test_there": N_("{what} is there"),
    "true": N_("true"),
    "false": N_("false"),
}
_EXAMPLES = {
    "examples_intro": N_(
        "Chosen by a hash of the event's id, so that the same backtest shows the same examples. Each "
        "line is a part of the "
        "condition with the value it had: filled is true, hollow is false, hatched is missing."
    ),
    "examples_none": N_("No event is shown: there was none of the kind, or none was asked for."),
    "examples_left_out": N_("{examples} are left out; ask for fewer with --sample."),
    "aggregates_only": N_("This report holds no ids and no examples, so that it can be shown to anyone."),
    "sort_gained": N_("Gained: fires now, did not before"),
    "sort_lost": N_("Lost: fired before, does not now"),
    "sort_false_positive": N_("False positives: fired, and it did not come true"),
    "sort_false_negative": N_("False negatives: it came true, and the rule never met the entity"),
    "example": N_("{rule} on {event}"),
    "example_account": N_("account {account}"),
    "example_lead": N_("came true {length} later"),
    "trace_old": N_("Trace of the other version."),
}
_MADE = {
    "made_text": N_("Pack"),
    "made_digest": N_("Digest"),
    "made_engine": N_("Engine"),
    "made_zelo": N_("zelo"),
    "made_warm_up": N_("Events before the period, which only fill the windows"),
    "made_end": N_("End of the history"),
    "made_same": N_(
        "The same rules, windows and limits as on live events; nothing after an event was known when it was decided."
    ),
    "made_intervals": N_("Intervals"),
    "made_wilson": N_("95%, Wilson's score interval; counts are of the whole history and have none"),
    "made_unknown": N_("Not known is not zero: hatched cells could not be computed."),
    "made_definitions": N_("Words"),
    "def_hit": N_(
        "Hit: an event on which a rule's condition was true. Undetermined: a value it needs was "
        "missing; it does not fire."
    ),
    "def_precision": N_(
        "Precision: of the entities met that can be judged, the share of whom the outcome came true "
        "after their first hit."
    ),
    "def_recall": N_(
        "Recall: of the entities of whom it came true after an event that the rule looks at, the share "
        "it met on such an event."
    ),
    "def_lead": N_("Lead time: from the first hit to the outcome."),
    "made_repeat": N_("Repeat it with"),
}

WORDS: Mapping[str, str] = MappingProxyType(
    {
        **_LEDES,
        **_HEADS,
        **_FACTS,
        **_CHARTS,
        **_COLUMNS,
        **_CLASSES,
        **_JUDGED,
        **_RULES,
        **_HINTS,
        **_EXAMPLES,
        **_MADE,
    }
)
"""Key to text."""
