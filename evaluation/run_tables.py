"""What an evaluation run leaves behind: the tables of its folder, column by column.

OUT/provenance.json says how the run came about; OUT/tables/<name>.parquet hold the numbers. Shares are in [0, 1], what
is not known or not defined is NaN, None or "". Nothing in them tells the time of day or how long something took, so
that a run that was killed and run again ends with the same bytes (how long things took is in OUT/timings.parquet).
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    name: str
    kind: str
    """"text", "number", "whole" or "flag"."""
    about: str


ATTACKS = ("unprotected", "ignorant", "lazy-informed", "semi-informed", "fixed", "retrained", "")
"""On originals; original enrolment; both sides anonymized; the attacker trained on anonymized speech too.
For attributes (emotion, gender): a classifier trained on originals, or on the system's output. "": nobody attacks."""

METRICS = {
    "privacy": (
        "EER", "mean speaker EER", "worst speaker EER", "AUC", "minDCF", "Cllr", "minCllr", "D_sys", "ZEBRA expected",
        "ZEBRA worst case", "CMR@1", "CMR@5", "CMR@10", "rank disclosure", "DEID", "G_VD",
    ),
    "attribute": ("UAR", "recall"),
    "intelligibility": ("WER", "CER"),
    "emotion": ("UAR", "recall", "share of predictions"),
    "prosody": ("rho_F0",),
    "quality": ("DNSMOS OVRL", "DNSMOS P808"),
    "acoustics": ("centroid", "kurtosis", "loudness", "F0"),
}  # fmt: skip
"""The metrics of each kind. Acoustics: medians over recordings, `group` names the emotion ("" for all)."""


def _columns(text: str) -> tuple[Column, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(Column(name.strip(), kind.strip(), about.strip()) for name, kind, about in rows)


FILES = _columns("""
system      | text   | anonymizer
side        | text   | "trial", "enrolment" (pseudo-speakers of its own) or "train" (for attackers that learn)
utterance   | text   | key of the utterance
speaker     | text   | who speaks
sex         | text   | F, M or ""
session     | text   | recording session, "" if not known
emotion     | text   | as acted, "" if none
corpus      | text   | data set
language    | text   | e.g. en
duration_s  | number | of the sound
state       | text   | "done" or "failed"
error       | text   | the sentence, if failed
pseudo_speaker | text | what the seed drew, as JSON
centroid_hz | number | median spectral centroid in the original's speech
kurtosis    | number | median spectral kurtosis in the original's speech
loudness_lufs | number | integrated loudness
f0_hz       | number | median F0 of voiced frames
rho_f0      | number | pitch correlation with the original
dnsmos_ovrl | number | predicted quality, overall
dnsmos_p808 | number | predicted quality, P.808
""")

TRANSCRIPTS = _columns("""
system      | text   | anonymizer
utterance   | text   | key of the utterance
speaker     | text   | who speaks
recogniser  | text   | who wrote it down
reference   | text   | what was said, normalised
against     | text   | "transcript", or "own original": the recogniser's own words of the original
heard       | text   | what was written down, normalised
errors      | whole  | substitutions + deletions + insertions
words       | whole  | words of the reference
""")

EMOTIONS = _columns("""
system      | text   | anonymizer
utterance   | text   | key of the utterance
speaker     | text   | who speaks
recogniser  | text   | who judged
truth       | text   | the acted emotion
said        | text   | the most probable one
angry       | number | probability
happy       | number | probability
neutral     | number | probability
sad         | number | probability
""")

FIGURES = _columns("""
system      | text   | anonymizer
level       | text   | what a pseudo-speaker was drawn for: utterance or speaker
metric      | text   | one of METRICS
kind        | text   | privacy, intelligibility, emotion, attribute, prosody, quality or acoustics
unit        | text   | "share" (0 to 1), "bits", "Hz", "1", "LUFS", "MOS", "dB"
value       | number | the estimate
low         | number | lower end of its 95 % interval, for other speakers
high        | number | upper end
better      | text   | "higher" or "lower": for privacy (kinds privacy, attribute) or utility (others); "" if neither
attacker    | text   | key of the attacker or recogniser; "" if none
attack      | text   | one of ATTACKS
protocol    | text   | key of the protocol, "" if none
about       | text   | protocol, data and attacker in words: everything needed to quote the number
data        | text   | data set(s)
split       | text   | split
sex         | text   | "all", "F" or "M"
group       | text   | class of a recall or share, emotion of an acoustic median, the worst speaker's name; or ""
speakers    | whole  | on how many speakers it rests
utterances  | whole  | on how many utterances
trials      | whole  | on how many trials, 0 if none
targets     | whole  | of which of one speaker
note        | text   | what is missing or doubtful
""")

SPEAKERS = _columns("""
system      | text   | anonymizer
attacker    | text   | key
attack      | text   | as in figures
protocol    | text   | key
speaker     | text   | whose trials
sex         | text   | F, M or ""
eer         | number | of this speaker's targets against this speaker's nontargets
clipped_eer | number | at most 0.5
rank        | number | mean rank of the true speaker among all
targets     | whole  | trials of this speaker
nontargets  | whole  | trials of others against this speaker
worst       | flag   | the lowest clipped EER of its system, attacker, attack and protocol
note        | text   | why there is none
""")

CURVES = _columns("""
system      | text   | anonymizer
attacker    | text   | key
attack      | text   | as in figures
protocol    | text   | key
sex         | text   | "all", "F", "M"
threshold   | number | scores at or above it are accepted
false_alarm_rate | number | share of nontargets accepted
miss_rate   | number | share of targets refused
""")

CONFUSION = _columns("""
system      | text   | anonymizer
recogniser  | text   | who judged
attack      | text   | "fixed" or "retrained"
what        | text   | "emotion" or "gender"
truth       | text   | class
said        | text   | class
count       | whole  | utterances
share       | number | of the truth's utterances
""")

TRUST = _columns("""
system      | text   | anonymizer
attacker    | text   | key
attack      | text   | as in figures
protocol    | text   | key
verdict     | text   | "trusted", "doubtful" or "not to be trusted"
why         | text   | sentences
eer_originals | number | the same attacker on originals
eer_told    | number | enrolment and trial share the pseudo-speaker and the attacker knows: the control
eer         | number | on the system
best_other  | number | the lowest EER of another attacker on the same trials
""")

TABLES = {
    "files": FILES,
    "transcripts": TRANSCRIPTS,
    "emotions": EMOTIONS,
    "figures": FIGURES,
    "speakers": SPEAKERS,
    "curves": CURVES,
    "confusion": CONFUSION,
    "trust": TRUST,
}
