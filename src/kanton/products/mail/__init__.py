"""Mail: addresses, sending and receiving, reading over IMAP, and the webmail."""
