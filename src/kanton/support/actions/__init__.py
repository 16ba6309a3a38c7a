"""Every change of support."""
