"""What may be proposed: the actions of the program itself, and those that others register."""
