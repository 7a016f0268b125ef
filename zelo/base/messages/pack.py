"""The words of the pack's diagnostics: Z0xx files and their shapes, Z4xx how the parts of a pack fit together."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.messages.message import N_, Message

_TEXT = {
    "Z001": Message(
        N_("the first line names no column `{column}`"),
        N_("write `{column}` over the column with the words of the list"),
    ),
    "Z002": Message(N_("the byte `{byte}` here is not UTF-8"), N_("save the file as UTF-8")),
    "Z003": Message(
        N_("the character `{character}` may not stand in a pack file"),
        N_('remove it; in a text in double quotes it can be written as an escape, such as `"\\u2028"`'),
    ),
    "Z004": Message(N_("nested more than {most} levels deep")),
    "Z005": Message(N_("this is not YAML: something is missing or out of place here")),
    "Z006": Message(N_("a tab stands where YAML wants spaces"), N_("indent with spaces")),
    "Z007": Message(N_("a value cannot start with `{character}`"), N_("put the whole value in quotes")),
    "Z008": Message(
        N_("a `:` with a space after it starts a value, and no value may start here"),
        N_("put the text in quotes, or set this line in as far as the lines it belongs to"),
    ),
    "Z009": Message(N_("a list may not start on this line"), N_("start it on a line of its own")),
    "Z010": Message(N_("this key has no `:`"), N_("write `key: value`")),
    "Z011": Message(N_("what opens here is never closed"), N_("close the quote or bracket")),
    "Z012": Message(
        N_("anchors and aliases are not used in packs"), N_("write the value out; a constant can be shared")
    ),
    "Z013": Message(N_("tags are not used in packs"), N_("remove it; put a value in quotes to make it a text")),
    "Z014": Message(N_("merge keys are not used in packs"), N_("write the keys out")),
    "Z015": Message(N_("a second document starts here"), N_("a pack file is one document; remove the line")),
    "Z016": Message(N_("the file is empty")),
    "Z017": Message(N_("a key must be a text")),
    "Z018": Message(N_("the key `{key}` is here twice"), N_("keep one of them")),
    "Z019": Message(N_("a `,` or the closing bracket is missing before here")),
    "Z020": Message(
        N_("this is not an escape of a text in double quotes"), N_("write `\\\\` for a backslash, or use single quotes")
    ),
    "Z021": Message(
        N_("this line does not fit under the lines above it"), N_("set it in as far as the lines it belongs to")
    ),
    "Z051": Message(N_("the file starts with a byte order mark"), N_("save it as UTF-8 without one")),
}
_SHAPES = {
    "Z022": Message(N_("there is no key `{key}` here"), N_("did you mean `{suggestion}`?")),
    "Z023": Message(N_("the key `{key}` is missing")),
    "Z024": Message(N_("a text is needed here"), N_("put it in quotes: `'{value}'`")),
    "Z025": Message(N_("a whole number is needed here")),
    "Z026": Message(N_("a number is needed here")),
    "Z027": Message(N_("`true` or `false` is needed here")),
    "Z028": Message(N_("a list is needed here"), N_("write `[a, b]`, or each item on a line that starts with `- `")),
    "Z029": Message(N_("a map is needed here"), N_("write `{{key: value}}`, or each `key: value` on a line, set in")),
    "Z030": Message(N_("`{name}` is not one of `{options}`"), N_("did you mean `{suggestion}`?")),
    "Z031": Message(
        N_("`{name}` cannot be a name here"), N_("use a to z, 0 to 9 and `_`, a letter first, at most 80 characters")
    ),
    "Z032": Message(N_("the number must be from {least} to {most}")),
    "Z033": Message(N_("at least {least} is needed here")),
    "Z034": Message(N_("at most {most} are allowed here")),
    "Z035": Message(N_("the text is empty")),
    "Z036": Message(N_("the text is longer than {most} characters")),
    "Z037": Message(
        N_("a length of time is needed here"), N_("write it as in `90s`, `10m`, `24h`, `30d`, `2w` or `1h30m`")
    ),
    "Z038": Message(N_("the length of time must be from `{least}` to `{most}`")),
    "Z042": Message(N_("the text in `{key}` is missing"), N_("texts that people read are in `en` and in `pt-BR`")),
    "Z043": Message(N_("a condition or formula is needed here")),
    "Z044": Message(N_("`{name}` cannot be a kind of event"), N_("write it as in `listing.created`")),
    "Z045": Message(N_("`{name}` is not a market"), N_("use two capital letters as in ISO 3166, `BR`, or `global`")),
    "Z046": Message(N_("this text is needed in both languages"), N_("write `{{en: ..., pt-BR: ...}}`")),
    "Z047": Message(N_("`{name}` is not a time zone"), N_("use an IANA name, such as `America/Sao_Paulo`")),
    "Z048": Message(
        N_("`{name}` cannot be a name here"), N_("use letters a to z, digits and `_ . : / -`, at most 80 characters")
    ),
    "Z049": Message(
        N_("`{name}` cannot be the name of a field"), N_("use letters a to z, digits and `_`, no digit first")
    ),
}
_FILES = {
    "Z039": Message(N_("the file `{file}` is missing")),
    "Z040": Message(N_("the policy is called `{id}` and its file `{file}`"), N_("give both the same name")),
    "Z041": Message(
        N_("a quote in this row is not closed, or text stands after it"), N_('write a quote inside a cell as `""`')
    ),
    "Z427": Message(N_("the list `{name}` is in two files"), N_("keep one of them")),
    "Z428": Message(
        N_("`{file}` does not have a name that a condition can write"), N_("use a to z, 0 to 9 and `_`, a letter first")
    ),
    "Z445": Message(N_("this is no SQL that DuckDB can read: {reason}")),
    "Z446": Message(
        N_("a mapping is one SELECT, and here is something else"),
        N_("one file for each SELECT: `sources/orders.sql`, `sources/reviews.sql`"),
    ),
    "Z052": Message(N_("the file `{file}` is not read"), N_("did you mean `{suggestion}`?")),
    "Z053": Message(N_("the value `{value}` is in the list twice")),
}
_EVENTS = {
    "Z402": Message(N_("there is no kind of event `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z403": Message(N_("`{kind}` has no role `{role}`"), N_("did you mean `{suggestion}`?")),
    "Z404": Message(N_("`{kind}` has no field `{path}`"), N_("did you mean `{suggestion}`?")),
    "Z405": Message(N_("the id of a role must be a string, and `{path}` is `{type}`")),
    "Z406": Message(N_("there is no entity `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z407": Message(N_("`{name}` has a meaning of its own and cannot be declared"), N_("choose another name")),
    "Z408": Message(N_("every kind of event needs the role `actor`"), N_("write `actor: {{entity: ..., id: ...}}`")),
    "Z409": Message(N_("the type `{type}` needs the key `{key}`")),
    "Z410": Message(N_("the type `{type}` takes no key `{key}`")),
}
_FEATURES = {
    "Z411": Message(N_("`{aggregate}` needs a `value`"), N_("write `value: event.field`")),
    "Z412": Message(N_("`{aggregate}` takes no `value`"), N_("say with `where` which events count")),
    "Z413": Message(N_("`{aggregate}` over `forever` keeps no events, so it takes no `at_most`")),
    "Z414": Message(N_("the value has several types, one for each kind of event: `{types}`")),
    "Z416": Message(N_("`{name}` is `{type}`; a key is made of strings, ints and bools")),
    "Z417": Message(N_("`{name}` has several types, one for each kind of event: `{types}`")),
    "Z418": Message(
        N_("`features.{name}` cannot be read on `{kind}`, which lacks a part of its key"),
        N_("give `{kind}` the roles and fields that the feature has under `by`"),
    ),
}
_RULES = {
    "Z419": Message(N_("there is no effect `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z420": Message(
        N_("an effect is a name, or a map with one key"), N_("start each effect with `- ` on its own line")
    ),
    "Z421": Message(N_("the policy has no notice `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z422": Message(N_("the rule `{name}` is in the pack twice"), N_("choose another name")),
    "Z423": Message(N_("`{name}` is neither a market of the pack nor `contract`"), N_("did you mean `{suggestion}`?")),
    "Z424": Message(N_("a constant is a literal or a list of literals")),
    "Z425": Message(N_("the items of a list have one type: `{expected}` before, `{type}` here")),
    "Z426": Message(N_("a constant needs a value"), N_("write a number, a text, `true`, `false`, or a length of time")),
    "Z401": Message(
        N_("each of these rules waits for a label that the one before it sets: `{cycle}`"),
        N_("let one of them read another label, or join them; `{label}` is set and read in this circle"),
    ),
}
_EXAMPLES = {
    "Z430": Message(N_("the policy has no rule `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z431": Message(N_("the rule `{name}` does not look at `{kind}`")),
    "Z432": Message(N_("there is no field `{field}` here"), N_("did you mean `{suggestion}`?")),
    "Z433": Message(N_("`{text}` is not a time"), N_("write it as in `2026-01-31T12:00:00Z`")),
    "Z434": Message(N_("the field `{field}` is required and missing")),
    "Z437": Message(N_("not all of these events come before the event"), N_("make `ago` longer, or `every` shorter")),
    "Z438": Message(N_("the rule `{name}` cannot both fire and be undetermined")),
    "Z439": Message(N_("there is no feature `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z339": Message(N_("events.yaml has no entity `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z340": Message(N_("the pack has no schedule `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z341": Message(
        N_("the schedule `{schedule}` does not know the violation `{name}`"),
        N_("list it under the schedule's `violations`, or charge one that is there"),
    ),
    "Z342": Message(
        N_("the schedule `{schedule}` does not know the severity `{name}`"),
        N_("list it under the schedule's `severities`, or charge one that is there"),
    ),
    "Z343": Message(
        N_("`{name}` cannot be read: no schedule governs the entity `{entity}`"),
        N_("say in pack.yaml which does: `governs: {{{entity}: SCHEDULE}}`"),
    ),
    "Z344": Message(
        N_("`violations` takes one length of time, written out"), N_('write `violations(duration("720h"))`')
    ),
}
_OUTCOMES = {
    "Z440": Message(
        N_("an outcome is either a later event or a file of labels"),
        N_("write `of` with kinds of event, or `file` with a path; one of them"),
    ),
    "Z441": Message(N_("the key `{key}` goes with `{form}` only")),
    "Z442": Message(
        N_("`{name}` cannot be a file of labels"),
        N_("name a .csv or .parquet file by its path inside the source, such as `labels/confirmed.csv`"),
    ),
    "Z443": Message(N_("the role `{role}` stands for several entities, one for each kind of event: `{entities}`")),
    "Z447": Message(
        N_("nothing can be split by `{path}`"),
        N_("name a field with single values that some kind of event has and that holds no personal data"),
    ),
    "Z444": Message(N_("no kind of event has the role `{role}`"), N_("did you mean `{suggestion}`?")),
}
_UNUSED = {
    "Z451": Message(N_("no rule reads the feature `{name}`")),
    "Z452": Message(N_("nothing reads the list `{name}`")),
    "Z453": Message(N_("no rule reads the constant `{name}`")),
    "Z454": Message(
        N_("no rule sets the label `{label}`"),
        N_("if people or other systems set it, say so under `labels` in `pack.yaml`"),
    ),
    "Z455": Message(N_("no example fires the rule `{name}`")),
}

MESSAGES: Mapping[str, Message] = MappingProxyType(
    {**_TEXT, **_SHAPES, **_FILES, **_EVENTS, **_FEATURES, **_RULES, **_EXAMPLES, **_OUTCOMES, **_UNUSED}
)
"""Diagnostic code to its message; codes Z05x and Z45x are warnings."""
