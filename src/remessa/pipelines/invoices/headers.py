"""Which column holds which field of an invoice."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.problem_codes import problem
from remessa.pipelines.invoices.synonyms import LABELS, SYNONYMS

MAX_HEADER = 100
MAX_EXTRA = 50
"""Unmapped columns that are kept, the leftmost ones."""
MAX_EXTRA_NAME = 60
NAMED_PARTIES = frozenset({"issuer", "customer"})
"""Fields whose shared synonyms may turn out to hold names."""
_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns of one header, understood."""

    columns: tuple[str, ...]
    """The header as the file spells it."""
    fields: dict[str, int]
    """Field to the index of its column, from 0."""
    extra: dict[int, str]
    """Index of each unmapped column that is kept, and the name under which it is."""
    twice: dict[str, tuple[int, ...]]
    """Fields whose column occurs more than once under one name, and the indexes of those columns."""
    notices: tuple[Problem, ...]
    """Warnings about the header itself."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Required fields that no column holds; `number` stands for number and access key, either of which will do."""
        lacking = [field for field in ("issuer", "issued", "total") if field not in self.fields]
        if "issuer_cpf" in self.fields and "issuer" in lacking:
            lacking.remove("issuer")
        if "number" not in self.fields and "access_key" not in self.fields:
            lacking.insert(0, "number")
        return tuple(lacking)


def folded(header: str) -> str:
    """A header's letters and digits, without accents and case: `Nº da NF-e` is `nodanfe`."""
    decomposed = unicodedata.normalize("NFKD", header[:MAX_HEADER].replace("°", "º"))
    return "".join(char for char in decomposed.casefold() if char.isalnum())


def map_columns(columns: tuple[str, ...], names: Collection[str] = ()) -> ColumnMap:
    """Find the fields among the columns, by exact synonym, the longest synonym first.

    `names` are the folded headers of columns that hold names of parties, though their header could mean an identifier
    too (`fornecedor`).
    """
    places: dict[str, list[int]] = {}
    for index, column in enumerate(columns):
        places.setdefault(folded(column), []).append(index)
    fields: dict[str, int] = {}
    chosen: set[str] = set()
    rivals: list[tuple[str, int]] = []
    for field, synonyms in _ranked().items():
        found = [name for name in synonyms if name in places and name not in chosen]
        if field in NAMED_PARTIES:
            found = [name for name in found if name not in names]
        if found:
            fields[field] = places[found[0]][0]
            chosen.add(found[0])
            rivals += [(field, index) for name in found[1:] for index in places[name]]
    twice = {field: tuple(places[folded(columns[index])]) for field, index in fields.items()}
    return ColumnMap(
        columns,
        fields,
        _extra(columns, set(fields.values())),
        {field: indexes for field, indexes in twice.items() if len(indexes) > 1},
        _notices(columns, fields, rivals),
    )


def is_shared(name: str) -> bool:
    """Whether a folded header may name a party as well as identify it."""
    return name in _shared()


def require_fields(found: ColumnMap) -> None:
    """Raise Rejected if a required field has no column, or a field has two columns of one name.

    `columns-missing` names what was understood instead; `column-twice` the columns.
    """
    for indexes in found.twice.values():
        numbers = " and ".join(str(index + 1) for index in indexes[:_MAX_SHOWN])
        raise Rejected(
            "column-twice",
            f"Columns {numbers} are all called '{_shown(found.columns[indexes[0]])}', and only one can be right. "
            "Rename or remove the others, and send the file again.",
        )
    if not found.missing:
        return
    understood = ", ".join(f"'{_shown(found.columns[index])}' as {field}" for field, index in found.fields.items())
    others = [f"'{_shown(found.columns[index])}'" for index in found.extra][:_MAX_SHOWN]
    lacking = "; ".join(_label(field) for field in found.missing)
    message = (
        f"No column holds: {lacking}. Understood: {understood or 'nothing'}. "
        f"Not understood: {', '.join(others) or 'none'}. Name the columns in the first line, for example: "
        "chave de acesso; número; CNPJ emitente; data de emissão; valor total."
    )
    raise Rejected("columns-missing", message)


@cache
def _ranked() -> dict[str, tuple[str, ...]]:
    """Each field's synonyms, best first: those that only it has, and of these the longest."""
    shared = _shared()
    return {
        field: tuple(sorted(names, key=lambda name: (name in shared, -len(name), name)))
        for field, names in _folded_synonyms().items()
    }


@cache
def _folded_synonyms() -> dict[str, frozenset[str]]:
    return {field: frozenset(map(folded, names)) for field, names in SYNONYMS.items()}


@cache
def _shared() -> frozenset[str]:
    every = [name for names in _folded_synonyms().values() for name in names]
    return frozenset(name for name in every if every.count(name) > 1)


def _notices(columns: tuple[str, ...], fields: dict[str, int], rivals: list[tuple[str, int]]) -> tuple[Problem, ...]:
    used = set(fields.values())
    return tuple(
        problem(
            "columns-compete",
            column=index + 1,
            field=_shown(columns[index]),
            taken=_shown(columns[fields[field]]),
            meaning=field.replace("_", " "),
        )
        for field, index in rivals
        if index not in used
    )


def _extra(columns: tuple[str, ...], used: set[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for index, column in enumerate(columns):
        if index in used:
            continue
        name = column.strip()[:MAX_EXTRA_NAME] or f"column {index + 1}"
        while name in names.values():
            name = f"{name} ({index + 1})"
        names[index] = name
        if len(names) == MAX_EXTRA:
            break
    return names


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text.strip()[:MAX_EXTRA_NAME])


def _label(field: str) -> str:
    return f"{LABELS['number']} or {LABELS['access_key']}" if field == "number" else LABELS[field]
