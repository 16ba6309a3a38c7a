"""The pages of second factors: setting them up, and asking for them during sign-in."""
