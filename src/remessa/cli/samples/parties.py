"""Companies and persons that do not exist, with tax ids that are valid.

Check digits are computed here and not with the pipeline's code, so that each can be tested against the other.
"""

from __future__ import annotations

from operator import mul
from random import Random
from typing import NamedTuple

_STATES = (
    ("35", "SP", "3550308", "São Paulo"),
    ("33", "RJ", "3304557", "Rio de Janeiro"),
    ("31", "MG", "3106200", "Belo Horizonte"),
    ("41", "PR", "4106902", "Curitiba"),
    ("42", "SC", "4205407", "Florianópolis"),
    ("43", "RS", "4314902", "Porto Alegre"),
    ("29", "BA", "2927408", "Salvador"),
    ("26", "PE", "2611606", "Recife"),
    ("23", "CE", "2304400", "Fortaleza"),
    ("13", "AM", "1302603", "Manaus"),
)
"""IBGE's code of a state, its abbreviation, and code and name of its capital."""
_LETTERS_AND_DIGITS = "0123456789ABCDEGHJKLMNPRSTVWXYZ"
"""Without I, O, U, Q and F, which CNPJs avoid for being easily misread."""
_TRADES = ("Padaria", "Transportes", "Papelaria", "Metalúrgica", "Farmácia", "Distribuidora", "Oficina", "Editora")
_SYLLABLES = ("zu", "vá", "rê", "qui", "lom", "çã", "dri", "po", "xe", "mun", "tó", "nha")
_FORMS = ("Ltda", "S.A.", "ME", "EPP", "& Filhos Ltda", "EIRELI")
_PERSONS = ("12345678909", "11144477735", "52998224725")
"""CPFs that are used as examples everywhere; any other valid one may be somebody's."""


class Party(NamedTuple):
    """An issuer or a customer."""

    tax_id: str
    """CNPJ or CPF without punctuation."""
    shown: str
    """The same as a spreadsheet may have it: with punctuation, for every second party."""
    name: str
    state_code: str
    state: str
    city_code: str
    city: str


def weighted_sum(text: str, weights: bytes) -> int:
    """Digits and letters by their weights; each counts as its ASCII code minus 48."""
    total: int = sum(map(mul, weights, text.encode("ascii")))
    return total - 48 * sum(weights)


def cnpj(base: str) -> str:
    """Twelve characters and their two check digits."""
    for first_weight in (5, 6):
        weights = bytes(2 + (first_weight - 2 - place) % 8 for place in range(len(base)))
        base += _modulo_11(weighted_sum(base, weights))
    return base


def _modulo_11(total: int) -> str:
    return "0" if total % 11 < 2 else str(11 - total % 11)


def companies(random: Random, count: int) -> list[Party]:
    """Companies; every eighth has letters in its CNPJ.

    Their CNPJs are of branches 9900 to 9999, which no company has, so that none is real.
    """
    return [_company(random, number) for number in range(count)]


def parties(random: Random, count: int) -> list[Party]:
    """Companies, and one person among six."""
    return [_person(random, number) if number % 6 == 0 else _company(random, number) for number in range(count)]


def branch(random: Random) -> str:
    """The number of a branch that does not exist."""
    return f"99{random.randrange(100):02d}"


def _company(random: Random, number: int) -> Party:
    if number % 8:
        root = f"{random.randrange(10_000_000, 100_000_000)}"
    else:
        root = "".join(random.choices(_LETTERS_AND_DIGITS, k=8))
    tax_id = cnpj(root + branch(random))
    shown = f"{tax_id[:2]}.{tax_id[2:5]}.{tax_id[5:8]}/{tax_id[8:12]}-{tax_id[12:]}" if number % 2 else tax_id
    return Party(tax_id, shown, _name(random, number), *random.choice(_STATES))


def _name(random: Random, number: int) -> str:
    coined = "".join(random.choices(_SYLLABLES, k=3)).capitalize()
    if number % 40 == 0:
        coined = f'"{coined}; a Original"'  # what a careless reader of CSV trips over
    return f"{random.choice(_TRADES)} {coined} Fictícia {random.choice(_FORMS)}"


def _person(random: Random, number: int) -> Party:
    tax_id = random.choice(_PERSONS)
    shown = f"{tax_id[:3]}.{tax_id[3:6]}.{tax_id[6:9]}-{tax_id[9:]}" if number % 2 else tax_id
    return Party(tax_id, shown, f"Pessoa Fictícia {number:04d}", *random.choice(_STATES))
