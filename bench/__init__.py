"""Measurements: `bin/bench`. See README.md."""
