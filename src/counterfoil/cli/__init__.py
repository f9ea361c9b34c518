"""The `ticket` command: words in, use cases called, bytes out. No rules of its own."""
