"""Code hosts: where a repository's things lie on the web; what speaks to a host comes beside it."""
