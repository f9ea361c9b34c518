"""Receipts: sealed once, chained by stream, ordered in one log, folded into all state.

The room is pure and does not know what a ticket is: stores, keys, clocks and Git are arguments.
"""
