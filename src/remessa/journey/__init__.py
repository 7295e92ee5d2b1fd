"""How a file travels: from the event that announces it to the record that anyone can read.

- `arrivals`   events in, arrivals out
- `record`     what a record holds, and how it is shown
- `ledger`     every transition of a record, each one conditional write
- `process`    one arrival from claim to publish
- `batch`      many arrivals in one invocation, and what to answer the queue
- `artifacts`, `objects`, `table`   the three stores: results bucket, input bucket, DynamoDB
- `views`      reading records back
- `reconcile`  bucket against table
"""
