"""The products: each folder is one thing that customers buy."""
