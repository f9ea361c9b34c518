"""The typed client of the HTTP API, and `gated`, which lets a function run once it is approved."""
