"""What touches the outside world, one thing a module. Imported by `bootstrap` alone."""
