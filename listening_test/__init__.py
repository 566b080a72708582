"""Blind listening studies: from a YAML file to answers in a database. No gradio and no torch in here."""
