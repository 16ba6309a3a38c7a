"""Pages of organizations: opening an account, people, settings, activity."""
