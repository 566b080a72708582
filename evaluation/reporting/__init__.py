"""What reports are made of: tables as people read them, page and style; see report.py."""
