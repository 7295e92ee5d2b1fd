"""Invoices in their table: how they are laid out, which of them count, and how they are read back.

- `layout`   keys and attributes of the table Invoices: the one place that knows them
- `tally`    a file's totals, as they are written
- `table`    the port to the table
- `live`     which generation of a file counts
- `walk`     rows in order, merged over months and shards
- `search`   what a reader may ask for, and the cursor that goes on from a page
- `queries`  pages of invoices, one invoice, a whole selection
- `totals`   totals by month, issuer and customer
- `export`   a selection as a CSV file
"""
