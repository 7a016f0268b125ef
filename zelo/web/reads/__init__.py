"""What pages read: tables and the lake, never changed here."""
