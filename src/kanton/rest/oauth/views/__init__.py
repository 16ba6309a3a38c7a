"""The pages and endpoints of the protocol, and the pages on which applications are looked after."""
