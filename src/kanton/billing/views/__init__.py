"""Pages of the shop and of accounting."""
