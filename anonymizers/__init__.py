"""Speaker anonymizers behind one contract: see base.py, and registry.py for the list."""

__version__ = "0.1.0"
