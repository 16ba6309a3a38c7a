"""Pages of the ways back into an account."""
