"""The webmail: an IMAP client in the browser, so that what it shows is what every other program sees."""
