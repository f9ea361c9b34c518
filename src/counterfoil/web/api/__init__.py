"""The API under `/api/v1`: each module holds the routes of one thing, and `application` puts them together."""
