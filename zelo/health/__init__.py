"""Account health: the ledger of an account, its standing, and why."""
