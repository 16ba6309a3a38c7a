"""Every change of the ways back into an account."""
