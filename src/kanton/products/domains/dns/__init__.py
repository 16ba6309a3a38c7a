"""The embedded name server: its store of published zones, the answers, and the sockets. Needs nothing but
Python.
"""
