"""How precise a study will be: from its plan, or from the answers so far."""
