"""How a file travels: from the event that announces it to the record that anyone can read.

- `arrivals`   events in, arrivals out
- `moments`    time, to reckon with and to write down
- `record`     what a record holds, and how it is shown
- `ledger`     every transition of a record, each one conditional write
- `process`    one arrival from claim to publish; `faults` tells whose fault it is when that fails
- `batch`      many arrivals in one invocation, and what to answer the queue
- `artifacts`, `objects`, `table`   the ports to the results bucket, the input bucket and DynamoDB
- `views`      reading records back
- `sweep`, `retry`, `reconcile`     recovery: each finds files to look at again; `announce` sends them on their way
- `collect`    artifacts that nobody refers to
"""
