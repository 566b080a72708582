"""Everything a browser sees, except the study pages."""
