"""Pages of the Authenticator: the app, what the app asks, the step of signing in, and the account's own."""
