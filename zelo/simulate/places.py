"""Where people live and what they sell: Brazil first, and a second market that speaks English."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MARKETS = ("BR", "GB")
MARKET_SHARES = (88, 12)
"""Per cent of the accounts (an assumption)."""
LANGUAGES = ("pt-BR", "en")


class Place(NamedTuple):
    """A city with its state, its weight and its distance to UTC."""

    state: str
    city: str
    weight: int
    """Residents in ten thousands, rounded (IBGE, census 2022; ONS, mid-2022)."""
    zone_hours: int


PLACES: tuple[Place, ...] = (
    Place("SP", "São Paulo", 1145, -3),
    Place("SP", "Campinas", 114, -3),
    Place("RJ", "Rio de Janeiro", 621, -3),
    Place("DF", "Brasília", 282, -3),
    Place("CE", "Fortaleza", 243, -3),
    Place("BA", "Salvador", 242, -3),
    Place("MG", "Belo Horizonte", 232, -3),
    Place("AM", "Manaus", 206, -4),
    Place("PR", "Curitiba", 177, -3),
    Place("PE", "Recife", 149, -3),
    Place("GO", "Goiânia", 144, -3),
    Place("RS", "Porto Alegre", 133, -3),
    Place("PA", "Belém", 130, -3),
    Place("MA", "São Luís", 104, -3),
    Place("MS", "Campo Grande", 90, -4),
    Place("MT", "Cuiabá", 65, -4),
    Place("SC", "Florianópolis", 54, -3),
    Place("AC", "Rio Branco", 36, -5),
    Place("ENG", "London", 887, 0),
    Place("ENG", "Birmingham", 114, 0),
    Place("ENG", "Manchester", 57, 0),
    Place("SCT", "Glasgow", 62, 0),
    Place("WLS", "Cardiff", 36, 0),
)
BRAZILIAN = 18
"""How many of the places lie in Brazil; the others follow."""
ZONES = np.array([place.zone_hours for place in PLACES], dtype=np.int64)


class Good(NamedTuple):
    """Something that is sold."""

    category: str
    pt: str
    en: str
    cents: int
    """Usual price in centavos of BRL; a sixth of it in pence."""


GOODS: tuple[Good, ...] = (
    Good("casa", "Jogo de lençol casal 200 fios", "Double bed sheet set", 8_990),
    Good("casa", "Cortina blecaute 2,80 m", "Blackout curtain 2.80 m", 12_990),
    Good("casa", "Organizador de gaveta", "Drawer organiser", 3_490),
    Good("cozinha", "Panela de pressão 4,5 L", "Pressure cooker 4.5 L", 11_900),
    Good("cozinha", "Jogo de facas de cozinha", "Kitchen knife set", 7_990),
    Good("esporte", "Tênis de corrida", "Running shoes", 19_990),
    Good("esporte", "Corda de pular com rolamento", "Skipping rope with bearings", 3_490),
    Good("beleza", "Kit shampoo e condicionador 1 L", "Shampoo and conditioner 1 L", 5_990),
    Good("beleza", "Perfume floral 100 ml", "Floral perfume 100 ml", 14_990),
    Good("saude", "Vitamina C 60 cápsulas", "Vitamin C 60 capsules", 4_590),
    Good("eletronicos", "Fone de ouvido sem fio", "Wireless earphones", 14_990),
    Good("eletronicos", "Carregador rápido 20 W", "Fast charger 20 W", 4_990),
    Good("celulares", "Celular 128 GB", "Mobile phone 128 GB", 99_900),
    Good("moda", "Bolsa de couro sintético", "Faux leather bag", 12_990),
    Good("moda", "Relógio de pulso", "Wrist watch", 17_990),
    Good("brinquedos", "Blocos de montar 500 peças", "Building blocks 500 pieces", 7_990),
    Good("pet", "Cama para cachorro tamanho M", "Dog bed size M", 9_990),
)
TOPICS = ("casa", "cozinha", "esporte", "beleza", "saude", "eletronicos", "moda", "humor")
CPF_BASE = 1_000
"""CPFs and CNPJs of the world begin with zeros (000.001.000-..): valid by check digit, and meant to be nobody's."""


def cpf(number: int) -> str:
    """Return the CPF whose first nine digits are a number, with both check digits."""
    return _checked(f"{number:09}", range(10, 1, -1), range(11, 1, -1))


def cnpj(number: int) -> str:
    """Return the CNPJ whose root is a number and whose branch is 0001, with both check digits."""
    return _checked(f"{number:08}0001", (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))


def _checked(digits: str, *weights: range | tuple[int, ...]) -> str:
    for row in weights:
        rest = sum(int(digit) * weight for digit, weight in zip(digits, row, strict=True)) % 11
        digits += str(0 if rest < 2 else 11 - rest)
    return digits


def mobile(number: int, market: int) -> str:
    """Return a number that rings nowhere: in Brazil with 0 after the 9, in Britain one of Ofcom's for drama."""
    return (
        f"+55 11 90{number // 10_000 % 1_000:03}-{number % 10_000:04}"
        if market == 0
        else f"+44 7700 900{number % 1_000:03}"
    )
