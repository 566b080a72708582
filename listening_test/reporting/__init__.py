"""A study and its results as documents: the methods card, the report, the preregistration, text and CSV."""
