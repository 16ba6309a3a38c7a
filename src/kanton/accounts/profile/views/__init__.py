"""Pages of the profile: picture, date of birth, the end of the account."""
