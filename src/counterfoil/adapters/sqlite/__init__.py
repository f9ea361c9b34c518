"""The ledger in one SQLite file, through apsw, which brings a SQLite of its own.

The standard library's may be one that loses a commit which races a checkpoint of the write-ahead log (3.7.0 to
3.51.2), and a server beside the command line on one file is where that happens.

`blocks` finds the SQL, `place` and `connection` open a file or refuse to, `store` is the port, `writer` seals,
`syncs` spares a sync, `reader` asks, `turns` keeps writers from starving each other, `doorbell` wakes who follows the log, `grouping` lets the threads of
one server share a transaction, `views` holds what is derived.
"""
