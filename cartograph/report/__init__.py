"""Results to files: tables as documents."""
