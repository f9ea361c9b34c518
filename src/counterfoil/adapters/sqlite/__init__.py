"""The ledger in one SQLite file, through apsw, which brings a SQLite of its own (docs/adr: sqlite-through-apsw).

`blocks` finds the SQL, `connection` opens a file or refuses to, `store` is the port, `doorbell` wakes who
follows the log, `turns` keeps writers from starving each other and `grouping` lets the threads of one server
share a transaction.
"""
