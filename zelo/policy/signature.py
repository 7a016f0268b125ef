"""A canonical text of a checked term: equal for terms that mean the same, whatever their place."""

from __future__ import annotations

from zelo.policy import terms as t


def signature(term: t.Term) -> str:
    """Return text that two terms share exactly when they are the same tree, places and constant names aside."""
    match term:
        case t.Const():
            return f"{term.type}:{term.value!r}"
        case t.FieldRef():
            return "event." + ".".join(term.path)
        case t.FeatureRef():
            return f"features.{term.name}"
        case t.LabelsRef():
            return f"{term.role}.labels"
        case t.StandingRef():
            return f"{term.role}.{term.what}" + ("" if term.within_us is None else f"({term.within_us})")
        case t.ListRef():
            return f"lists.{term.name}"
        case t.Var():
            return f"${term.name}"
        case t.Call():
            takes = ",".join(str(kind) for kind in term.function.takes)
            return f"{term.function.name}<{takes}>({_joined(term.arguments)})"
        case t.And() | t.Or():
            return f"{type(term).__name__}({_joined(term.parts)})"
        case t.ListLiteral():
            return f"{term.type}[{_joined(term.items)}]"
        case t.Macro():
            condition = f"{signature(term.condition)};" if term.condition else ""
            return f"{term.name}({signature(term.source)};{term.variable};{condition}{signature(term.body)})"
        case _:
            return f"{type(term).__name__}({_joined(tuple(term.children()))})"


def _joined(parts: tuple[t.Term, ...]) -> str:
    return ",".join(signature(part) for part in parts)
