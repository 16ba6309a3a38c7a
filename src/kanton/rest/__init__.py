"""The root of the REST API: gathers the rooms' routes, asks who calls, answers in one envelope."""
