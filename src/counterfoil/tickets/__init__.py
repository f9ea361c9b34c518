"""The Ticket Protocol, pure: workflow, file format, index, lint, naming, queries, merging.

Nothing here knows Git, a file system, a clock or that a ledger exists. Bytes come in, values,
bytes and diagnostics go out.
"""
