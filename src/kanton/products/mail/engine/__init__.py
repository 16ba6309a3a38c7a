"""The embedded mail engine: state as files under `$KANTON_HOME/mail`, SMTP and IMAP processes that read it.

`port.py` says what the room may ask of an engine; `embedded.py` is this one. Nothing in this package knows Django.
"""
