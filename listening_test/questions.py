"""What can be asked: three widgets, and the questions of the tasks with their wording in every language."""

from __future__ import annotations
