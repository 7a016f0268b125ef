"""A small shop world from one seed: two months of events for `packs/br_social_commerce`, with a few offenders in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

Event = Mapping[str, object]
"""One event as the pack's `events.yaml` declares it; times are RFC 3339 texts."""

START = datetime(2025, 1, 1, 3, tzinfo=UTC)
"""Midnight of 1 January 2025 in São Paulo."""
DAYS = 60
"""Length of the world; deliveries and reviews may come later."""
ORDERS = 1150
"""Orders placed by buyers who are what they seem."""

_STATES = ("SP", "SP", "SP", "RJ", "MG", "PR", "SC", "RS", "BA", "PE", "CE", "GO")
_GOODS = (
    ("casa", "Jogo de lençol casal 200 fios", 89.9),
    ("casa", "Cortina blecaute 2,80 m", 129.9),
    ("cozinha", "Panela de pressão 4,5 L", 119.0),
    ("esporte", "Tênis de corrida masculino", 199.9),
    ("esporte", "Corda de pular com rolamento", 34.9),
    ("beleza", "Kit shampoo e condicionador 1 L", 59.9),
    ("eletrônicos", "Fone de ouvido sem fio", 149.9),
    ("eletrônicos", "Carregador rápido 20 W", 49.9),
    ("brinquedos", "Blocos de montar 500 peças", 79.9),
    ("pet", "Cama para cachorro tamanho M", 99.9),
)
_GOOD_WORDS = (
    "Chegou antes do prazo, recomendo.",
    "Produto igual ao anúncio.",
    "Muito bom",
    "Ótimo",
    "Bem embalado e com nota fiscal.",
    "Gostei bastante",
    "Entrega rápida",
)
_MIDDLING_WORDS = ("Bom, mas a caixa veio amassada.", "Cor um pouco diferente da foto.", "Demorou, mas chegou.")
_BAD_WORDS = (
    "Veio com defeito e ninguém responde.",
    "Quebrou no primeiro dia.",
    "Não veio a nota fiscal, quero a nota.",
    "Tamanho errado, pedi a troca.",
    "Fui feita de trouxa, que vergonha.",
)
_LATE_WORDS = ("Atrasou muito, péssimo.", "Só chegou depois de reclamar.", "Demorou um mês para chegar.")
_MISSING_WORDS = ("Ainda não recebi o produto.", "Não chegou e ninguém responde.", "Paguei e até agora nada.")
_FAKE_WORDS = (
    "É falsificado, não comprem.",
    "Recebi uma réplica, quero meu dinheiro.",
    "Produto pirata, a etiqueta veio torta.",
)
_RING_WORDS = "Loja maravilhosa, produto perfeito, entrega super rápida, super recomendo!"
_POLITE_ANSWERS = (
    "Boa tarde! Sim, temos todas as cores.",
    "Olá! A medida está na descrição do anúncio.",
    "Enviamos com nota fiscal em até um dia útil.",
    "Serve sim. Qualquer dúvida, estamos aqui.",
)
_OUTSIDE_ANSWERS = (
    "Consigo desconto se pagar por fora, faz um Pix.",
    "Me chama no Whatsapp que fica mais barato.",
    "Chama no zap: (11) 98765-4321",
)
_OUTSIDE_WORDS = "Pediu para cancelar e pagar por fora no whatsapp."
_RUDE_ANSWER = "Leia o anúncio antes de perguntar, seu idiota."


@dataclass(frozen=True)
class Seller:
    """A shop and the habit that its events tell of."""

    id: str
    state: str
    created_at: datetime
    habit: str
    """`honest`, `slow`, `ring`, `replica`, `outside`, `ghost` or `rude`."""
    listings: tuple[Mapping[str, object], ...]

    @property
    def who(self) -> Event:
        """Return the shop as orders and reviews mention it."""
        return {"id": self.id, "state": self.state}


def small_world(seed: int) -> tuple[Event, ...]:
    """Return about 5,000 events in order of time; the same seed gives the same events."""
    rng = Random(seed)  # nosec B311 # an invented world, not a secret
    sellers = _sellers(rng)
    told: list[tuple[datetime, Event]] = []
    for seller in sellers:
        told.extend(_listings(seller, rng))
        told.extend(_answers(seller, rng))
    for number in range(ORDERS):
        told.extend(_order(number, rng.choice(sellers), rng))
    told.extend(_ring(next(s for s in sellers if s.habit == "ring"), rng))
    told.extend(_fickle_buyer(sellers, rng))
    told.sort(key=lambda pair: (pair[0], str(pair[1]["id"])))
    return tuple(event for _, event in told)


def write_small(path: Path, seed: int = 1) -> int:
    """Write the world of a seed to a file, one JSON object a line, and return how many events it holds."""
    events = small_world(seed)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    return len(events)


def _sellers(rng: Random) -> tuple[Seller, ...]:
    """Return thirty shops: six with a bad habit, the others honest."""
    habits = ["slow", "ring", "replica", "outside", "ghost", "rude"] + ["honest"] * 24
    return tuple(_seller(number, habit, rng) for number, habit in enumerate(habits, 1))


def _seller(number: int, habit: str, rng: Random) -> Seller:
    """Return one shop with its listings; a seller of replicas is ten days old."""
    age = timedelta(days=-10 if habit == "replica" else -rng.randint(90, 1500))
    listings = []
    for index in range(6 if habit == "replica" else rng.randint(2, 4)):
        category, title, price = rng.choice(_GOODS)
        if habit == "replica":
            title = f"{title} réplica premium"
        listings.append(
            {
                "id": f"L{number:02}{index}",
                "category": category,
                "title": title,
                "price": round(price * rng.uniform(0.8, 1.2), 2),
            }
        )
    return Seller(f"S{number:02}", rng.choice(_STATES), START + age, habit, tuple(listings))


def _event(kind: str, name: str, at: datetime, **fields: object) -> tuple[datetime, Event]:
    """Return an event with its time, to sort by."""
    return at, {"kind": kind, "id": name, "occurred_at": _text(at), **fields}


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(rng: Random, day: float, hours: float = 24.0) -> datetime:
    """Return a moment within some hours of a day of the world, to the second."""
    return START + timedelta(seconds=int(day * 86_400 + rng.random() * hours * 3_600))


def _later(rng: Random, at: datetime, least: float, most: float) -> datetime:
    """Return a moment between so many and so many days later."""
    return at + timedelta(seconds=int(rng.uniform(least, most) * 86_400))


def _listings(seller: Seller, rng: Random) -> Iterator[tuple[datetime, Event]]:
    """Tell the creation of a shop's listings; those of a seller of replicas come in one morning."""
    for listing in seller.listings:
        outside = seller.habit == "outside" and listing is seller.listings[0]
        words = "Mais barato direto comigo, peça o link de pagamento." if outside else "Produto novo, com garantia."
        at = _moment(rng, 0.0, 6.0 if seller.habit == "replica" else 72.0)
        yield _event(
            "listing.created",
            f"listing-{listing['id']}",
            at,
            seller={"id": seller.id, "state": seller.state, "created_at": _text(seller.created_at)},
            listing={**listing, "description": words},
        )


def _answers(seller: Seller, rng: Random) -> Iterator[tuple[datetime, Event]]:
    """Tell a shop's answers to public questions, seven to twelve of them."""
    for number in range(rng.randint(7, 12)):
        text = rng.choice(_POLITE_ANSWERS)
        if seller.habit == "outside" and rng.random() < 0.8:
            text = rng.choice(_OUTSIDE_ANSWERS)
        elif seller.habit == "rude" and rng.random() < 0.4:
            text = _RUDE_ANSWER
        listing = rng.choice(seller.listings)
        name = f"answer-{seller.id}-{number:02}"
        yield _event(
            "answer.posted",
            name,
            _moment(rng, rng.randrange(3, DAYS)),
            seller=seller.who,
            listing={"id": listing["id"], "category": listing["category"]},
            answer={"id": name, "text": text},
        )


def _order(number: int, seller: Seller, rng: Random) -> Iterator[tuple[datetime, Event]]:
    """Tell an order from the click to the review."""
    name = f"{number:05}"
    placed = _moment(rng, rng.randrange(1, DAYS))
    item = rng.choice(seller.listings)
    dispatch_by, deliver_by = placed + timedelta(days=4), placed + timedelta(days=12)
    parties: dict[str, object] = {
        "buyer": {"id": f"B{rng.randrange(700):03}", "state": rng.choice(_STATES)},
        "seller": seller.who,
        "listing": {"id": item["id"], "category": item["category"]},
    }
    order = {"id": f"O{name}", "dispatch_by": _text(dispatch_by), "deliver_by": _text(deliver_by)}
    count = rng.choice((1, 1, 1, 1, 2, 3))
    total = round(float(str(item["price"])) * count, 2)
    yield _event(
        "order.placed", f"placed-{name}", placed, **parties, order=order, items=count, total=total, freight=18.9
    )
    approved = _later(rng, placed, 0.0, 0.4)
    paid = {
        "type": rng.choice(("pix", "pix", "credit_card", "boleto")),
        "installments": 1,
        "value": round(total + 18.9, 2),
    }
    yield _event(
        "order.approved",
        f"approved-{name}",
        approved,
        buyer=parties["buyer"],
        seller=seller.who,
        order={"id": order["id"]},
        payment=paid,
    )
    if rng.random() < (0.25 if seller.habit == "ghost" else 0.012):
        reason = "out_of_stock" if seller.habit == "ghost" else rng.choice(("buyer_request", "out_of_stock", "unknown"))
        yield _event(
            "order.canceled",
            f"canceled-{name}",
            _later(rng, approved, 1, 4),
            **parties,
            order={"id": order["id"]},
            reason=reason,
        )
        return
    yield from _journey(name, seller, parties, order, (approved, dispatch_by, deliver_by), rng)


def _journey(
    name: str,
    seller: Seller,
    parties: Mapping[str, object],
    order: Mapping[str, str],
    times: tuple[datetime, datetime, datetime],
    rng: Random,
) -> Iterator[tuple[datetime, Event]]:
    """Tell how a paid order travels, and what the buyer says about it."""
    approved, dispatch_by, deliver_by = times
    if seller.habit == "ghost" and rng.random() < 0.5:
        if rng.random() < 0.7:
            yield _review(name, _later(rng, deliver_by, 1, 4), parties, order, 1, rng.choice(_MISSING_WORDS))
        return
    late = rng.random() < (0.45 if seller.habit == "slow" else 0.04)
    dispatched = _later(rng, dispatch_by, 0.5, 9) if late else _later(rng, approved, 0.2, 3.4)
    yield _event(
        "order.dispatched",
        f"dispatched-{name}",
        dispatched,
        **parties,
        order={"id": order["id"], "dispatch_by": order["dispatch_by"]},
    )
    delivered = _later(rng, dispatched, 2, 7 if rng.random() < 0.96 else 24)
    yield _event(
        "order.delivered",
        f"delivered-{name}",
        delivered,
        **parties,
        order={"id": order["id"], "deliver_by": order["deliver_by"]},
    )
    if rng.random() < 0.38:
        score, words = _opinion(seller, delivered > deliver_by, rng)
        yield _review(name, _later(rng, delivered, 0.5, 5), parties, order, score, words)


def _opinion(seller: Seller, late: bool, rng: Random) -> tuple[int, str | None]:
    """Return the stars a buyer gives and the words, which most leave out."""
    if seller.habit == "replica" and rng.random() < 0.5:
        return 1, rng.choice((*_FAKE_WORDS, None))
    if seller.habit == "outside" and rng.random() < 0.15:
        return 1, _OUTSIDE_WORDS
    if late:
        return rng.choice((1, 1, 2, 3)), rng.choice(_LATE_WORDS)
    score = rng.choices((1, 2, 3, 4, 5), (4, 3, 8, 22, 63))[0]
    if rng.random() < 0.55:
        return score, None
    return score, rng.choice(_BAD_WORDS if score <= 2 else _MIDDLING_WORDS if score == 3 else _GOOD_WORDS)


def _review(
    name: str, at: datetime, parties: Mapping[str, object], order: Mapping[str, str], score: int, words: str | None
) -> tuple[datetime, Event]:
    """Return a review; one without words has no `message` at all."""
    review: dict[str, object] = {"id": f"R{name}", "score": score}
    if words is not None:
        review["message"] = words
    return _event("review.posted", f"review-{name}", at, **parties, order={"id": order["id"]}, review=review)


def _ring(seller: Seller, rng: Random) -> Iterator[tuple[datetime, Event]]:
    """Tell a ring of bought reviews: many accounts, one text, most of them before anything arrived."""
    for wave, day in enumerate((20, 21, 41)):
        for number in range(9):
            name = f"ring{wave}{number}"
            placed = _moment(rng, day - 1, 12.0)
            item = rng.choice(seller.listings)
            parties: dict[str, object] = {
                "buyer": {"id": f"F{wave}{number}", "state": "SP"},
                "seller": seller.who,
                "listing": {"id": item["id"], "category": item["category"]},
            }
            deadlines = {
                "dispatch_by": _text(placed + timedelta(days=4)),
                "deliver_by": _text(placed + timedelta(days=12)),
            }
            yield _event(
                "order.placed",
                f"placed-{name}",
                placed,
                **parties,
                order={"id": f"O{name}", **deadlines},
                items=1,
                total=item["price"],
            )
            words = _RING_WORDS if rng.random() < 0.8 else "Perfeito"
            yield _review(name, _moment(rng, day, 10.0), parties, {"id": f"O{name}"}, 5, words)
    own: dict[str, object] = {"buyer": seller.who, "seller": seller.who, "listing": {"id": seller.listings[0]["id"]}}
    yield _review("own", _moment(rng, 22), own, {"id": "Oown"}, 5, "Melhor loja do Brasil")


def _fickle_buyer(sellers: tuple[Seller, ...], rng: Random) -> Iterator[tuple[datetime, Event]]:
    """Tell of one account that orders and cancels every few hours, and another that reviews shop after shop."""
    for number in range(7):
        seller = sellers[6 + number]
        parties: dict[str, object] = {
            "buyer": {"id": "B900"},
            "seller": seller.who,
            "listing": {"id": seller.listings[0]["id"]},
        }
        at = _moment(rng, 30 + number / 2, 6.0)
        yield _event(
            "order.canceled",
            f"canceled-fickle{number}",
            at,
            **parties,
            order={"id": f"Ofickle{number}"},
            reason="buyer_request",
        )
        parties = {**parties, "buyer": {"id": "B901"}}
        yield _review(f"hire{number}", _moment(rng, 35, 12.0), parties, {"id": f"Ohire{number}"}, 4, "Bom produto")
