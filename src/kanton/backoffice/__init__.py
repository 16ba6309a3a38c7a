"""The pages of the provider's own staff: jobs, mails, organizations, people, stuck wishes and the log."""
