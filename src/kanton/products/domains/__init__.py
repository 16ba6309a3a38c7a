"""Domain names: registration, zones, records, and the name server that answers them.

Nothing is imported here, so that the name server in `dns/` starts without Django.
"""
