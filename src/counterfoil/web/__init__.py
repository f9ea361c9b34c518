"""The HTTP server: a door as thin as the command line, with no rules of its own.

A request passes, from the outside in: `threshold` (which host, how large, how many, and what every answer has),
`switch` (which application), and for the API `identify` (whose token), before a route of `api` turns it
into a call of a use case. What a person sees in a browser stands beside `api` as an application of its own.
"""
