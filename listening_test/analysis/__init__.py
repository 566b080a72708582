"""From the long table of a study to tables of estimates: pure functions, one file a question. See docs/analysis.md."""
