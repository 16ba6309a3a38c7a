"""Ways to pay: the contract of payment providers, and the providers that come with Kanton."""
