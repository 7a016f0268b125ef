"""zelo governs the content and creators of an online platform: policies as text, proved on history, enforced on events."""

__version__ = "0.1.0"
LANGUAGE_VERSION = "1"
"""Version of what policies mean (docs/language.md); stored in every decision."""
