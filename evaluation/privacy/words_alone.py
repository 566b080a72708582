"""Who speaks, by the words alone: what no anonymizer of voices hides, the floor under every figure on some data.

Words and pairs of them, and 3 to 5 letters within words, weighted by tf-idf (Spärck Jones 1972,
doi 10.1108/eb026526); cosine of an enrolment's mean and the trial's. How rare something is is learned from utterances
of speakers who are not tried, or in folds from those of the corpus's other speakers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluation.corpus import Corpus
from evaluation.heard import About, Heard
from evaluation.metrics.words import normalised
from evaluation.privacy.attacks import Attack
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.semi_informed import ORIGINAL
from evaluation.privacy.trial_scores import AT_ONCE, DIGITS, NOWHERE, Bools, Floats, Ints, Trials

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TEXT = "text"
FOLDS = 6
KNOWS = "never hears a voice: reads {source} and compares words and letters (tf-idf, cosine)"


def attacks(heard: Heard, corpus: Corpus, every: list[Trials], about: About, draws: NamedDraws) -> Iterator[Attack]:
    """One attack for each protocol, on originals; none if it is not asked for or there are no words at all."""
    texts, source = texts_of(heard, corpus)
    if TEXT not in about.attackers or not texts:
        return
    for trials in every:
        scores = scores_of(texts, trials, draws.rng(TEXT, trials.protocol.key))
        missing = sum(key not in texts for key in trials.utterances)
        said = f"{missing} of {len(trials.utterances)} utterances have no words." if missing else ""
        how = KNOWS.format(source=source)
        yield Attack(ORIGINAL, TEXT, "unprotected", trials, scores, how, tuple(filter(None, [said])))


def texts_of(heard: Heard, corpus: Corpus) -> tuple[dict[str, str], str]:
    """What is said in each utterance, normalised, and where that is known from.

    Transcripts where they came with the data; what the first recogniser heard in the original elsewhere.
    """
    known = {one.key: normalised(one.transcript) for one in corpus.utterances if normalised(one.transcript)}
    table = heard.transcripts
    own = table[table["system"] == ORIGINAL]
    heard_by = next(iter(own["recogniser"]), "")
    own = own[own["recogniser"] == heard_by]
    guessed = {key: words for key, words in zip(own["utterance"], own["heard"], strict=True) if words}
    missing = {key: words for key, words in guessed.items() if key not in known}
    sources = [*(["the transcripts"] if known else []), *([f"what {heard_by} heard"] if missing else [])]
    return {**missing, **known}, " and ".join(sources)


def scores_of(texts: Mapping[str, str], trials: Trials, rng: np.random.Generator) -> Floats:
    """Scores of trials, (n,); NaN where one side has no words."""
    who = _speakers(trials)
    keys = sorted(key for key in who if key in texts)
    scores = np.full(len(trials.same), np.nan)
    if not keys:
        return scores
    people = sorted(set(who.values()))
    fold = dict(zip(people, rng.permutation(np.arange(len(people)) % FOLDS).tolist(), strict=True))
    first, second = (np.array([fold[name] for name in side.tolist()]) for side in (trials.enrolled, trials.speakers))
    low, high, of = np.minimum(first, second), np.maximum(first, second), np.array([fold[who[key]] for key in keys])
    counts = _counts([texts[key] for key in keys])
    for one, other in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
        if len(learned := np.flatnonzero((of != one) & (of != other))):
            chosen = (low == one) & (high == other)
            scores[chosen] = _compared(_weighed(counts, learned), keys, trials, chosen)
    return scores


def _speakers(trials: Trials) -> dict[str, str]:
    """Who said each utterance that enrols or is tried."""
    owners = dict(zip(trials.model.tolist(), trials.enrolled.tolist(), strict=True))
    found = {key: owners[place] for place, own in enumerate(trials.lists) for key in own}
    tried = np.array(trials.utterances, str)[trials.utterance]
    return {**found, **dict(zip(tried.tolist(), trials.speakers.tolist(), strict=True))}


def _counts(texts: list[str]) -> list[csr_array]:
    """How often words and pairs of words, and pieces of words, occur in each text."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\S+")
    letters = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5))
    return [csr_array(kind.fit_transform(texts)) for kind in (words, letters)]


def _weighed(counts: list[csr_array], learned: Ints) -> csr_array:
    """Each text by tf-idf, at unit length for words and for pieces; what occurs in no text learned from is left out."""
    from scipy.sparse import csr_array, hstack
    from sklearn.feature_extraction.text import TfidfTransformer

    found = []
    for every in counts:
        known = np.flatnonzero(np.asarray(every[learned].sum(axis=0)).ravel())
        kept = every[:, known]
        found.append(TfidfTransformer(sublinear_tf=True).fit(kept[learned]).transform(kept))
    return csr_array(hstack(found))


def _compared(weighed: csr_array, keys: list[str], trials: Trials, chosen: Bools) -> Floats:
    from scipy.sparse import csr_array
    from sklearn.preprocessing import normalize

    place = {key: n for n, key in enumerate(keys)}
    models, model = np.unique(trials.model[chosen], return_inverse=True)
    lists = [[place[key] for key in trials.lists[one] if key in place] for one in models.tolist()]
    owner = np.repeat(np.arange(len(lists)), [len(own) for own in lists])
    shape = (len(lists), len(keys))
    means = csr_array((np.ones(len(owner)), (owner, [n for own in lists for n in own])), shape) @ weighed
    tried = np.array([place.get(trials.utterances[one], NOWHERE) for one in trials.utterance[chosen].tolist()])
    found = _products(csr_array(normalize(means)), csr_array(normalize(weighed)), model, tried)
    nothing = np.array([not own for own in lists])[model] | (tried == NOWHERE)
    return np.where(nothing, np.nan, np.round(found, DIGITS))


def _products(first: csr_array, second: csr_array, one: Ints, other: Ints) -> Floats:
    found = np.empty(len(one))
    for start in range(0, len(one), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        found[part] = np.asarray(first[one[part]].multiply(second[other[part]]).sum(axis=1)).ravel()
    return found
