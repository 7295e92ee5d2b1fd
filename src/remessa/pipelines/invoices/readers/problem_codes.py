"""Every problem that a reader can find, for the reference: a record, line or member that gives no row.

The messages stand where the problems are found, because each names its own place and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from remessa.pipelines.invoices.problem_codes import OURS, Meaning

RFC_4180 = "https://www.rfc-editor.org/rfc/rfc4180"
RFC_8259 = "https://www.rfc-editor.org/rfc/rfc8259"
NDJSON = "https://github.com/ndjson/ndjson-spec"
NFE = "http://moc.sped.fazenda.pr.gov.br/"
XML = "https://www.w3.org/TR/xml/"
ZIP = "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"

READER_CODES: Mapping[str, Meaning] = {
    "csv-ragged-row": Meaning("error", "The row has more or fewer columns than the header.", RFC_4180),
    "csv-unclosed-quote": Meaning(
        "error", "A quotation mark in the row is not closed; reading went on after it.", RFC_4180
    ),
    "csv-quotes-ignored": Meaning("warning", "So many marks were unclosed that they are ordinary from here on.", OURS),
    "csv-line-too-long": Meaning("error", "The line, or one cell of it, is too long to be an invoice.", OURS),
    "csv-nul": Meaning("error", "The row holds NUL bytes.", RFC_4180),
    "json-not-an-invoice": Meaning("error", "The item is no object, or an empty one.", OURS),
    "json-too-many-fields": Meaning("error", "The object has more fields than any invoice.", OURS),
    "json-too-deep": Meaning("error", "The JSON is nested too deep.", RFC_8259),
    "ndjson-invalid": Meaning("error", "The line is not one whole JSON value.", NDJSON),
    "ndjson-line-too-long": Meaning("error", "The line is too long to be an invoice.", OURS),
    "nfe-invalid": Meaning("error", "The document holds no invoice, or something twice.", NFE),
    "not-invoices": Meaning("error", "The member is a document of another kind.", NFE),
    "xml-doctype": Meaning("error", "The document has a DOCTYPE, which can make a small file expand.", XML),
    "xml-invalid": Meaning("error", "The document is not well-formed.", XML),
    "xml-text-too-long": Meaning("error", "A value is longer than the layout allows.", NFE),
    "xml-token-too-long": Meaning("error", "A tag or comment is too long.", OURS),
    "xml-too-deep": Meaning("error", "The document is nested too deep.", OURS),
    "xml-too-long": Meaning("error", "The document has too many elements.", OURS),
    "zip-member-encrypted": Meaning("error", "The member is encrypted.", ZIP),
    "zip-member-not-xml": Meaning("error", "The member is no XML.", OURS),
    "zip-member-too-large": Meaning("error", "The member is larger than any NF-e, or packed suspiciously well.", OURS),
    "zip-member-unreadable": Meaning("error", "The member is damaged, or packed in a way that is not read.", ZIP),
    "zip-nested": Meaning("error", "The member is a zip file itself.", OURS),
}
"""Code to meaning. In an XML file that is no zip the `nfe-`, `not-invoices` and `xml-` codes end the file as FAILED."""
