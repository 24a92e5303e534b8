"""What is measured, with its peers beside it in the same run."""
