"""People and machines that use zelo: accounts, API keys, the audit trail, notes, personal data."""
