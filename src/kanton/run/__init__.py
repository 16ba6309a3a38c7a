"""Running Kanton: the command line, the supervisor of all processes, doctor, backup and restore.

Nothing is imported here, so that the supervisor's children start fast.
"""
