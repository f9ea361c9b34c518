"""Tickets that come from elsewhere: strict reading of JSON, and one module for each tool's layout."""
