"""Headers: which column holds which field, in Portuguese and English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remessa.errors import Rejected
from remessa.pipelines.invoices.headers import MAX_EXTRA, folded, map_columns, require_fields
from remessa.pipelines.invoices.synonyms import SYNONYMS


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("chave", "access_key"), ("Chave de Acesso", "access_key"), ("chNFe", "access_key"),
        ("access_key", "access_key"),
        ("Número", "number"), ("nº nf", "number"), ("N° NF", "number"), ("Nº NFS-e", "number"), ("nNF", "number"),
        ("Invoice Number", "number"), ("invoiceNumber", "number"),
        ("Série", "series"), ("series", "series"), ("mod", "model"),
        ("CNPJ Emitente", "issuer"), ("cpf emitente", "issuer_cpf"), ("CPF/CNPJ do Prestador", "issuer"),
        ("Fornecedor", "issuer"), ("Vendor", "issuer"), ("Supplier", "issuer"), ("emit_CNPJ", "issuer"),
        ("CNPJ Destinatário", "customer"), ("Tomador", "customer"), ("Customer", "customer"),
        ("CPF/CNPJ do Tomador", "customer"), ("dest/CPF", "customer_cpf"), ("dest_xNome", "customer_name"),
        ("Razão Social do Emitente", "issuer_name"), ("Supplier Name", "issuer_name"),
        ("Data Emissão", "issued"), ("Data de Emissão", "issued"), ("Data Hora NFE", "issued"), ("dhEmi", "issued"),
        ("Issue Date", "issued"), ("invoice_date", "issued"),
        ("Valor Nota Fiscal", "total"), ("VALOR TOTAL", "total"), ("Valor dos Serviços", "total"), ("vNF", "total"),
        ("total", "total"), ("Amount", "total"),
        ("Valor ICMS", "tax"), ("ISS devido", "tax"), ("tax", "tax"), ("UF do Emitente", "issuer_state"),
    ],
)  # fmt: skip
def test_a_synonym_means_its_field(header: str, field: str) -> None:
    """Accents, case, punctuation and ordinal signs do not matter."""
    assert map_columns((header,)).fields == {field: 0}


def test_what_is_no_synonym_is_kept_as_it_is() -> None:
    """Only whole names count: a date of payment is no date of issue. Blank and repeated names are told apart."""
    found = map_columns(
        ("Data de Vencimento", "valor unitário", "", "Obs", "Obs", "numero do pedido", "B (9)", "B", "B")
    )
    assert found.fields == {}
    assert list(found.extra.values()) == [
        "Data de Vencimento", "valor unitário", "column 3", "Obs", "Obs (5)", "numero do pedido", "B (9)", "B",
        "B (9) (9)",
    ]  # fmt: skip


def test_the_longest_synonym_wins_and_the_rest_is_told() -> None:
    """Of `Total` and `Valor Total da Nota` the more exact one is taken, and the other is kept with a warning."""
    found = map_columns(("Total", "Valor Total da Nota"))
    assert found.fields == {"total": 1}
    assert found.extra == {0: "Total"}
    assert [(notice.code, notice.column, notice.field) for notice in found.notices] == [("columns-compete", 1, "Total")]


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (("Fornecedor",), {"issuer": 0}),
        (("Fornecedor", "CNPJ"), {"issuer_name": 0, "issuer": 1}),
        (("CNPJ Fornecedor", "Fornecedor"), {"issuer": 0, "issuer_name": 1}),
        (("Cliente", "CPF/CNPJ do Cliente"), {"customer_name": 0, "customer": 1}),
        (("CNPJ Emitente", "CPF Emitente"), {"issuer": 0, "issuer_cpf": 1}),
    ],
)
def test_a_word_for_a_party_is_its_id_unless_another_column_is(
    columns: tuple[str, ...], fields: dict[str, int]
) -> None:
    """`Fornecedor` alone identifies; beside a CNPJ it is the name."""
    found = map_columns(columns)
    assert found.fields == fields
    assert found.notices == ()


def test_a_column_of_names_does_not_identify() -> None:
    """Where the cells show that `Fornecedor` holds names, the issuer has no column."""
    found = map_columns(("Fornecedor", "Data", "Total", "Número"), names={"fornecedor"})
    assert found.fields["issuer_name"] == 0
    assert found.missing == ("issuer",)


def test_missing_columns_are_refused_with_what_was_understood() -> None:
    """The message names the missing fields, the understood columns and the others, so that it can be repaired."""
    with pytest.raises(Rejected) as caught:
        require_fields(map_columns(("Nota", "Valor Total", "Cor\x1b[31m")))
    assert caught.value.code == "columns-missing"
    message = caught.value.message
    assert "number (número) or access key (chave de acesso); issuer's CNPJ or CPF" in message
    assert "'Valor Total' as total" in message
    assert "'Nota', 'Cor\ufffd[31m'" in message


def test_two_columns_of_one_name_are_refused() -> None:
    """Which of two totals is right nobody can tell."""
    found = map_columns(("Chave", "CNPJ", "Data", "Total", "TOTAL"))
    with pytest.raises(Rejected, match="Columns 4 and 5 are all called 'Total'") as caught:
        require_fields(found)
    assert caught.value.code == "column-twice"


def test_many_columns_are_kept_up_to_a_bound() -> None:
    """A header of a thousand columns maps, and the leftmost unmapped ones are kept."""
    found = map_columns((*(f"c{index}" for index in range(1000)), "Total"))
    assert found.fields == {"total": 1000}
    assert list(found.extra) == list(range(MAX_EXTRA))


@given(st.sampled_from([(field, name) for field, names in SYNONYMS.items() for name in names]))
def test_every_synonym_is_found_however_it_is_spelt(synonym: tuple[str, str]) -> None:
    """Each listed synonym maps to a field that lists it, in any case and with any separators."""
    _, name = synonym
    for spelling in (name, name.upper(), name.title(), name.replace(" ", "_"), f"  {name} ", name.replace(" ", "")):
        fields = list(map_columns((spelling,)).fields)
        assert len(fields) == 1
        assert folded(name) in {folded(each) for each in SYNONYMS[fields[0]]}


@given(st.lists(st.text(max_size=20), max_size=30).map(tuple))
def test_every_column_is_a_field_or_kept(columns: tuple[str, ...]) -> None:
    """No column is lost, none is both, and no two kept columns share a name."""
    found = map_columns(columns)
    assert sorted([*found.fields.values(), *found.extra]) == list(range(len(columns)))
    assert len(set(found.extra.values())) == len(found.extra)
