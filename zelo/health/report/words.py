"""The words of the report, marked for translation; the page asks for them by name."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.base.messages.message import N_

WORDS: Mapping[str, str] = {
    "title": N_("Simulation of account health"),
    "headline": N_("{after} instead of {before}"),
    "lede": N_(
        "Of {accounts} accounts, {moved} would not stand as they do: {harder} would be restricted more, {milder} less."
    ),
    "lede_none": N_("Of {accounts} accounts, none would stand otherwise than it does."),
    "facts_as_of": N_("Standing at"),
    "facts_accounts": N_("Accounts"),
    "facts_entries": N_("Entries"),
    "facts_before": N_("Before"),
    "facts_after": N_("After"),
    "version": N_("version {version}"),
    "flow": N_("Who moves from band to band"),
    "flow_caption": N_("Each ribbon is a number of accounts; left the old schedule, right the new one."),
    "band": N_("Band"),
    "no_band": N_("(no band)"),
    "accounts": N_("Accounts"),
    "share": N_("Share"),
    "penalties": N_("What each penalty would come to"),
    "penalty": N_("Penalty"),
    "in_force": N_("In force"),
    "started": N_("Ever started"),
    "vacated": N_("Vacated"),
    "added": N_("Added"),
    "days": N_("Days"),
    "penalties_note": N_(
        "Vacated: started under the old schedule and not under the new one at that instant. Added: the other way round."
    ),
    "before": N_("before"),
    "after": N_("after"),
    "restriction": N_("Restriction"),
    "restricted_now": N_("Accounts restricted at that instant"),
    "restricted_ever": N_("Accounts ever restricted"),
    "restricted_days": N_("Days of restriction"),
    "repeats": N_("Do they go on?"),
    "repeat": N_("Another violation within 90 days of the first penalty"),
    "repeat_note": N_(
        "Accounts whose first penalty is younger than 90 days are left out, since it cannot be known yet: "
        "before {before}, after {after}. What accounts did is taken as it was; a milder schedule may change it."
    ),
    "next_violation": N_("Accounts with so many violations that had one more"),
    "violations": N_("Violations"),
    "unknown": N_("unknown"),
    "interval": N_("{low}–{high}, n = {n}"),
    "groups": N_("Whom it would hit"),
    "market": N_("Market"),
    "size": N_("Size"),
    "age": N_("Age of the account"),
    "kind": N_("Kind of account"),
    "harder": N_("restricted more"),
    "milder": N_("restricted less"),
    "restricted": N_("ever restricted"),
    "d30": N_("under 30 days"),
    "d180": N_("30 to 180 days"),
    "d365": N_("180 days to a year"),
    "d1095": N_("one to three years"),
    "older": N_("over three years"),
    "curves": N_("What an expiry or a threshold is worth"),
    "curves_note": N_("The new schedule with one thing changed, over {n} accounts. The band is the 95% interval."),
    "expiry": N_("Accounts ever restricted, by the days an item counts"),
    "threshold": N_("Accounts ever restricted, by the factor on every milestone"),
    "expiry_at": N_("{at} days"),
    "threshold_at": N_("× {at}"),
    "days_each": N_("days of restriction for each account"),
    "stories_harder": N_("Ten who would be restricted more"),
    "stories_milder": N_("Ten who would be restricted less"),
    "stories_mistaken": N_("Hit hardest by mistake"),
    "mistaken_lede": N_(
        "{accounts} of {corrected} accounts with a violation that was taken back would have been restricted for "
        "{days} days under the new schedule before that. These most:"
    ),
    "mistaken_none": N_("No account would have been restricted because of a violation that was later taken back."),
    "mistaken_days": N_("{days} days by mistake"),
    "nobody": N_("Nobody."),
    "earlier": N_("earlier entries: {count}"),
    "old_says": N_("before: {band}, {days} days restricted"),
    "new_says": N_("after: {band}, {days} days restricted"),
    "from_to": N_("{penalty}, from {start} to {end}"),
    "from_on": N_("{penalty}, from {start}, without end"),
    "entry_violation": N_("Violation"),
    "entry_warning": N_("Warning"),
    "entry_reversal": N_("Taken back"),
    "entry_training": N_("Training"),
    "entry_reward": N_("Reward"),
    "entry_migration": N_("Migration"),
    "entry_appeal": N_("Appeal"),
    "entry_denial": N_("Appeal denied"),
    "entry_step": N_("Step of the account"),
    "entry_measure": N_("Measure"),
    "entry_request": N_("Request"),
    "made": N_("How this was made"),
    "made_text": N_(
        "The same fold that gives a live standing was run over every entry up to that instant, under both schedules. "
        "Nobody was touched. Intervals are 95% (Wilson)."
    ),
    "ledger": N_("Ledger"),
}
