"""What the program can do, over ports: each use case is a function of a `Context`."""
