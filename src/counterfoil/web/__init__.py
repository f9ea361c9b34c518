"""The HTTP API: requests become use cases, and their answers bytes. No rules of its own."""
