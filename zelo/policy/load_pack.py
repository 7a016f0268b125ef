"""The files of a pack to a checked pack, with everything that is wrong told at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from zelo.base.source import Report, Source, Span
from zelo.policy.check_scope import FeatureInfo
from zelo.policy.graph import labels_of, mentioned, order, warn_unset
from zelo.policy.load_events import Events, read_events
from zelo.policy.load_examples import Stage
from zelo.policy.load_features import FEATURES_FILE, Feature, read_features
from zelo.policy.load_governs import check_governed
from zelo.policy.load_head import LANGUAGE_VERSION, Head, read_head
from zelo.policy.load_lists import LIST_CHARACTERS_MAX, read_csv_list, read_yaml_list
from zelo.policy.load_outcomes import OUTCOMES_FILE, read_outcomes
from zelo.policy.load_policies import Around, ReadPolicy, read_policy
from zelo.policy.load_shapes import shown, suggestion
from zelo.policy.load_terms import Checker
from zelo.policy.pack import ListData, Outcome, Pack, Rule
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import Schedule
from zelo.policy.yaml_reader import YAML_CHARACTERS_MAX, Node, read_text, read_yaml

HEAD, EVENTS, FEATURES, OUTCOMES = "pack.yaml", "events.yaml", "features.yaml", "outcomes.yaml"
POLICY, LIST, SOURCE = r"policies/([^/]+)\.yaml", r"lists/([^/]+)\.(?:yaml|csv)", r"sources/([^/]+)\.sql"
SCHEDULE = r"schedules/([^/]+)\.yaml"
_STEM = "[a-z][a-z0-9_]{0,79}"


def is_pack_file(path: str) -> bool:
    """Say whether a path inside the pack is one of the files a pack is read from."""
    forms = (POLICY, LIST, SOURCE, SCHEDULE)
    return path in (HEAD, EVENTS, FEATURES, OUTCOMES) or any(re.fullmatch(form, path) for form in forms)


def looks_like_pack_file(path: str) -> bool:
    """Say whether a file that is not read may have been meant as one of the pack: it deserves a warning."""
    return path.endswith((".yaml", ".yml")) or re.fullmatch(r"((lists?|sources?)/)?[^/]+\.(csv|sql)", path) is not None


def load_pack(files: Mapping[str, bytes], report: Report) -> Pack | None:
    """Check the files of a pack, given by path inside it; None when anything is wrong, which is in the report."""
    return _Loading(files, report).load()


def version_of(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of what a pack is read from; line ends and byte order marks do not count."""
    digest = hashlib.sha256(f"zelo pack, language {LANGUAGE_VERSION}\n".encode())
    for path in sorted(filter(is_pack_file, files)):
        content = files[path].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        digest.update(f"{path}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@dataclass
class _Loading:
    """One run over the files of a pack."""

    files: Mapping[str, bytes]
    report: Report

    def load(self) -> Pack | None:
        """Read every file, then what only the whole pack shows."""
        self._warn_unread()
        head = self._head()
        lists = self._lists()
        events = self._events()
        governed = frozenset(entity.value for entity, _ in head.governs) if head else frozenset()
        checker = Checker(events.kinds if events else {}, frozenset(lists), governed=governed)
        features, broken = self._features(events, checker)
        outcomes, outcome_lists = self._outcomes(events, checker)
        checker = _with_features(checker, features, broken)
        policies, all_read = self._policies(head, events, checker, features, broken)
        rules = [rule for one in policies for rule in one.policy.rules]
        labels = [labels_of(rule, checker.kinds) for rule in rules]
        strata = order(rules, labels, self.report)
        self._warn(policies, features, lists, outcome_lists, all_read and broken == frozenset())
        if head and all_read and all(one.rules_read for one in policies):
            warn_unset(labels, head.labels, self.report)
        sources, schedules = self._sources(), self._schedules(head)
        if head is not None and events is not None:
            check_governed(head.governs, events, self._named(SCHEDULE), schedules, rules, self.report)
        if self.report.has_errors or head is None or events is None or strata is None:
            return None
        placed = tuple(replace(rule, stratum=stratum) for rule, stratum in zip(rules, strata, strict=True))
        pack = _pack(head, events, features, lists, policies, placed, sources, version_of(self.files))
        governs = {entity.value: name.value for entity, name in head.governs}
        return replace(pack, schedules=schedules, outcomes=outcomes, governs=governs, splits=events.splits)

    def _top(self, path: str) -> Span:
        """Return the start of a file, for what is wrong with the whole of it."""
        return Span(Source(path, self.files.get(path, b"").decode("utf-8", "replace")), 1, 1)

    def _files(self, form: str) -> list[tuple[str, str]]:
        """Return name and path of the files of one form; a name must be one that conditions can write."""
        found = [(match.group(1), path) for path in sorted(self.files) if (match := re.fullmatch(form, path))]
        for name, path in found:
            if not re.fullmatch(_STEM, name):
                self.report.add("Z428", self._top(path), file=path)
        return found

    def _named(self, form: str) -> list[str]:
        return [match.group(1) for path in sorted(self.files) if (match := re.fullmatch(form, path))]

    def _yaml(self, path: str) -> Node | None:
        source = read_text(path, self.files[path], self.report)
        return read_yaml(source, self.report) if source else None

    def _required(self, path: str) -> Node | None:
        if path in self.files:
            return self._yaml(path)
        self.report.add("Z039", self._top(path), file=path)
        return None

    def _head(self) -> Head | None:
        node = self._required(HEAD)
        return read_head(node, self.report) if node else None

    def _events(self) -> Events | None:
        if EVENTS not in self.files and self._files(SCHEDULE) and not self._files(POLICY):
            return Events({}, {}, {}, {})
        node = self._required(EVENTS)
        return read_events(node, self.report) if node else None

    def _lists(self) -> dict[str, tuple[ListData, str]]:
        """Return each list with its path; one that could not be read is empty."""
        lists: dict[str, tuple[ListData, str]] = {}
        for name, path in self._files(LIST):
            if name in lists:
                self.report.add("Z427", self._top(path), related=(self._top(lists[name][1]),), name=name)
            source = read_text(
                path,
                self.files[path],
                self.report,
                LIST_CHARACTERS_MAX if path.endswith(".csv") else YAML_CHARACTERS_MAX,
            )
            read = read_csv_list if path.endswith(".csv") else read_yaml_list
            found = read(name, source, self.report) if source else None
            lists[name] = (found or ListData(name, ()), path)
        return lists

    def _features(self, events: Events | None, checker: Checker) -> tuple[Mapping[str, Feature], frozenset[str] | None]:
        """Return the features, and the names of those that are wrong; None when not even their names are known."""
        if FEATURES not in self.files:
            return {}, frozenset()
        node = self._yaml(FEATURES)
        if node is None:
            return {}, None
        if events is None:
            FEATURES_FILE.read(node, self.report)
            return {}, None
        return read_features(node, events, checker, self.report)

    def _outcomes(self, events: Events | None, checker: Checker) -> tuple[dict[str, Outcome], set[str]]:
        """Return the outcomes, and the names of the lists they read."""
        node = self._yaml(OUTCOMES) if OUTCOMES in self.files else None
        if node is None:
            return {}, set()
        if events is None:
            OUTCOMES_FILE.read(node, self.report)
            return {}, set()
        return read_outcomes(node, events, checker, self.report)

    def _policies(
        self,
        head: Head | None,
        events: Events | None,
        checker: Checker,
        features: Mapping[str, Feature],
        broken: frozenset[str] | None,
    ) -> tuple[list[ReadPolicy], bool]:
        """Return the policies by file name, and whether every file could be read."""
        types = {name: feature.spec.result_type for name, feature in features.items()}
        stage = Stage(events, types, {name: feature.keys for name, feature in features.items()}, broken)
        around = Around(head, events, checker, stage, {})
        files = self._files(POLICY)
        nodes = [(name, self._yaml(path)) for name, path in files]
        read = [read_policy(node, name, around, self.report) for name, node in nodes if node]
        found = [policy for policy in read if policy]
        return found, len(found) == len(files)

    def _sources(self) -> dict[str, str]:
        found = {}
        for name, path in self._files(SOURCE):
            source = read_text(path, self.files[path], self.report)
            if source:
                found[name] = source.text
        return found

    def _schedules(self, head: Head | None) -> dict[str, Schedule]:
        found = {}
        for name, path in self._files(SCHEDULE):
            source = read_text(path, self.files[path], self.report)
            schedule = read_schedule(source, self.report, head.time_zone if head else "UTC", name) if source else None
            if schedule is not None:
                found[name] = schedule
        return found

    def _warn_unread(self) -> None:
        """Warn of files that are not read though they look as if they were meant to be."""
        for path in sorted(self.files):
            if not is_pack_file(path) and looks_like_pack_file(path):
                options = (HEAD, EVENTS, FEATURES, OUTCOMES, path.replace(".yml", ".yaml"))
                close = {"suggestion": options[-1]} if is_pack_file(options[-1]) else suggestion(path, options[:-1])
                self.report.add("Z052", self._top(path), (), file=shown(path), **close)

    def _warn(
        self,
        policies: list[ReadPolicy],
        features: Mapping[str, Feature],
        lists: Mapping[str, tuple[ListData, str]],
        outcome_lists: Iterable[str],
        all_read: bool,
    ) -> None:
        """Warn of what is declared and used by nothing, and of rules that no example fires."""
        named = {("lists", name) for feature in features.values() for name in feature.lists}
        named |= {("lists", name) for name in outcome_lists}
        for one in policies:
            own = mentioned(one.formulas)
            named |= own
            for name, span in one.constants.items():
                if ("constants", name) not in own:
                    self.report.add("Z453", span, name=name)
            self._warn_without_example(one)
        for name, feature in features.items():
            if all_read and ("features", name) not in named:
                self.report.add("Z451", feature.span, name=name)
        for name, (_, path) in lists.items():
            if all_read and ("lists", name) not in named:
                self.report.add("Z452", self._top(path), name=name)

    def _warn_without_example(self, one: ReadPolicy) -> None:
        fired = {name for example in one.policy.examples for name in example.fires}
        for rule in one.policy.rules if one.examples_read else ():
            if rule.name not in fired:
                self.report.add("Z455", rule.span, name=rule.name)


def _with_features(checker: Checker, features: Mapping[str, Feature], broken: frozenset[str] | None) -> Checker:
    """Return the checker that knows the features too."""
    infos: dict[str, dict[str, FeatureInfo]] = {kind: {} for kind in checker.kinds}
    for name, feature in features.items():
        spec = feature.spec
        for kind in checker.kinds:
            optional = spec.can_be_missing or kind not in feature.keys or kind in feature.optional_on
            infos[kind][name] = FeatureInfo(spec.result_type, optional)
    unreadable = {name: frozenset(checker.kinds) - feature.keys.keys() for name, feature in features.items()}
    waiting = frozenset({"features."} if broken is None else {f"features.{name}" for name in broken})
    return replace(checker, features=infos, unreadable=unreadable, broken=waiting)


def _pack(
    head: Head,
    events: Events,
    features: Mapping[str, Feature],
    lists: Mapping[str, tuple[ListData, str]],
    policies: Iterable[ReadPolicy],
    rules: tuple[Rule, ...],
    sources: Mapping[str, str],
    version: str,
) -> Pack:
    """Put the checked parts together."""
    by_policy: dict[str, list[Rule]] = {}
    for rule in rules:
        by_policy.setdefault(rule.policy, []).append(rule)
    highest = max((rule.stratum for rule in rules), default=-1)
    return Pack(
        name=head.name,
        title=head.title,
        description=head.description,
        language_version=head.language_version,
        markets=head.markets,
        languages=head.languages,
        owners=head.owners,
        time_zone=head.time_zone,
        clock_skew_us=head.clock_skew_us,
        daily_limits=head.daily_limits,
        labels=head.labels,
        entities=events.entities,
        kinds=events.kinds,
        kind_titles=events.titles,
        features={name: feature.spec for name, feature in features.items()},
        feature_titles={name: feature.title for name, feature in features.items()},
        feature_types={name: feature.spec.result_type for name, feature in features.items()},
        feature_keys={name: feature.keys for name, feature in features.items()},
        lists={name: data for name, (data, _) in lists.items()},
        policies=tuple(replace(one.policy, rules=tuple(by_policy.get(one.policy.id, ()))) for one in policies),
        rules=rules,
        strata=tuple(tuple(rule.name for rule in rules if rule.stratum == level) for level in range(highest + 1)),
        sources=sources,
        version=version,
    )
