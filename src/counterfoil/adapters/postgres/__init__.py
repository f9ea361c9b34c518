"""The ledger in PostgreSQL: many writers on many machines, one schema for each ledger.

The database itself refuses a wrong link, a skipped number, a second child, an update, a deletion. Writers
append optimistically, each on its own stream; one sequencer at a time puts what is committed into
the order of the log. What is deliberately absent: sequence numbers as a cursor, which lose events, and
notifications inside of a writing transaction, which would make all commits of a database take turns.
"""
