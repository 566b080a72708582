"""The About page: what this is, what its words mean, where a clip goes."""

from __future__ import annotations

import gradio as gr

from anonymizers import __version__, registry
from web.services import Services

TEXT = """
<article class="vv-article">
<h1>About VoiceVeil</h1>
<p>VoiceVeil lets you hear what speaker anonymizers do to a voice, and measure it. Give it a clip on the
<a href=".">Compare</a> page; it plays the results side by side, in step, and shows what changed.</p>

<h2>Anonymized is not anonymous</h2>
<p>How much a system hides depends on who attacks it and with what. Hearing a different voice proves little: in the
VoicePrivacy Challenge 2024, McAdams sounds clearly changed, yet an attacker trained on its output told speakers apart
with an equal error rate of 7.5 % (women) and 1.6 % (men), where 50 % would be chance
(semi-informed attacker, LibriSpeech test). “Voice changed by” on the Compare page is the size of a change in sound. It is not privacy.</p>

<h2>What ran</h2>
<dl>
<dt>exact</dt><dd>A published algorithm that needs no trained weights, checked against the reference's own output.</dd>
<dt>own design</dt><dd>Built by this project; no published system of that name, or a published idea inside parts of ours. The row says which.</dd>
<dt>original weights</dt><dd>The published network with its published weights.</dd>
<dt>house weights</dt><dd>A published design trained by this project, smaller than the original. Never the same as the original.</dd>
</dl>

<h2>The systems</h2>
{systems}

<h2>Where your clip goes</h2>
<p>To this server's private temporary folder, and nowhere else. It is deleted after {minutes} minutes at the latest, and
when the server stops. The name of your file never leaves your browser; neither names nor sounds are logged. Results can
be fetched only with a link that cannot be guessed. The page loads nothing from any other address.</p>

<h2>Measures</h2>
<dl>
<dt>Spectral centroid (Hz)</dt><dd>Where the middle of the spectrum lies: higher sounds brighter. Magnitude spectrum, 16 kHz, 25 ms Hann window, 10 ms hop.</dd>
<dt>Spectral kurtosis</dt><dd>How peaked the same spectrum is around its centroid: the fourth standardised moment over frequency. A flat spectrum gives 1.8.</dd>
<dt>Loudness (LUFS)</dt><dd>ITU-R BS.1770-4: integrated for the clip, momentary (400 ms) over time.</dd>
<dt>Pitch correlation ρF0</dt><dd>How closely the melody follows the original's: 1 is the same melody.</dd>
<dt>Predicted quality</dt><dd>DNSMOS, a network's guess of a mean opinion score from 1 to 5, made for noise suppression; a hint, not a listening test.</dd>
</dl>
<p>All are computed on the sound as delivered, never on the level-matched playback, inside the voice-active segments of
the original (Silero VAD).</p>

<p class="vv-small">VoiceVeil {version}, Apache-2.0. The synthesiser of the offline cascade is espeak-ng (GPL-3.0), run as a separate program.</p>
</article>
"""


def render(services: Services) -> None:
    """The page, inside an open gr.Blocks."""
    gr.Navbar(main_page_name="Compare")
    minutes = f"{services.settings.keep_s / 60:g}"
    gr.HTML(TEXT.format(systems=_systems(), minutes=minutes, version=__version__), padding=False)


def _systems() -> str:
    rows = []
    for key in registry.keys():
        info = registry.info(key)
        caution = f" <em>{info.caution}</em>" if info.caution else ""
        rows.append(
            f'<dt><span class="vv-dot" style="background:{registry.entry(key).colour}"></span>{info.title} '
            f'<span class="vv-small">{info.fidelity}</span></dt>'
            f'<dd>{info.summary}{caution} <span class="vv-small">{info.reference}</span></dd>'
        )
    return f"<dl>{''.join(rows)}</dl>"
