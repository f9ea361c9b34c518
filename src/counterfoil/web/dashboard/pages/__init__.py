"""The pages, each with the changes that are sent from it."""
