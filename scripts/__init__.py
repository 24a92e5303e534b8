"""Set-up and maintenance: what the Makefile calls."""
