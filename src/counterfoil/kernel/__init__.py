"""What every room speaks: identifiers, actors and text forms. Pure; knows no ticket."""
