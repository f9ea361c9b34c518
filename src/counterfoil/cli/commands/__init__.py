"""One verb a module; each has `run(call) -> Reply`, found by name through `cli.table`."""
