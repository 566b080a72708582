"""What the Compare page says."""

from __future__ import annotations

from html import escape

HEADER = """
<header class="vv-header">
  <h1>VoiceVeil</h1>
  <p>Hear, measure and judge speaker anonymizers: one voice through many systems, side by side.</p>
</header>
"""

SEED = "The seed draws the pseudo-speaker. Same seed, same voice; another seed, another voice."
LEVEL = "Whether every clip gets a new pseudo-speaker, or all clips of one speaker share one."
SPEAKER = "Any name; clips given under the same name share their pseudo-speaker."
NO_CLIP = "A clip was expected: drop a file, record yourself, or pick an example first."
NO_SYSTEM = "At least one system was expected: tick one or more under Systems."
GONE = "Your clip is no longer here: clips are deleted after an hour at most. Give it again, then press Compare."
WAITING = '<p class="vv-note" role="status">Waiting for a free place…</p>'
MEASURING = '<p class="vv-note" role="status">All sounds are there. Measuring and drawing…</p>'


def queued(ahead: int) -> str:
    """That others come first, and how many; "" if none does."""
    if not ahead:
        return ""
    return f'<p class="vv-note" role="status">In the queue: {ahead} ahead of you.</p>'


def problem(text: str) -> str:
    """Why Compare did not start."""
    return f'<p class="vv-problem" role="alert">{escape(text)}</p>'


def take_away(run: str) -> str:
    """The link to everything in one file."""
    return (
        f'<p class="vv-take"><a class="vv-button" id="zip" href="results/{run}" download="voiceveil.zip">'
        "Download all (ZIP)</a>"
        "<span>16-bit WAVs, a table, and one JSON with every parameter, seed, version and number, "
        "also of what machines hear as soon as it is there. Here for an hour at most, then deleted.</span></p>"
    )
