"""Who speaks, by the words alone: what no anonymizer of voices hides, the floor under every figure on some data.

Words and pairs of them, and 3 to 5 letters within words, weighted by tf-idf (Spärck Jones 1972,
doi 10.1108/eb026526); cosine of an enrolment's mean and the trial's. How rare something is is learned from utterances
of speakers who are not tried, or in folds from those of the corpus's other speakers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.corpus import Corpus
from evaluation.heard import About, Heard
from evaluation.metrics.words import normalised
from evaluation.privacy.attacks import ORIGINAL, Attack
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.trial_scores import AT_ONCE, DIGITS, Bools, Floats, Trials

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
    owner = dict(zip(np.array(trials.utterances)[trials.utterance].tolist(), trials.speakers.tolist(), strict=True))
    for names, who in zip(trials.lists, _owners(trials), strict=True):
        owner.update(dict.fromkeys(names, who))
    people = sorted(set(owner.values()))
    fold = dict(zip(people, rng.permutation(np.arange(len(people)) % FOLDS).tolist(), strict=True))
    first, second = (np.array([fold[who] for who in side.tolist()]) for side in (trials.enrolled, trials.speakers))
    low, high = np.minimum(first, second), np.maximum(first, second)
    scores = np.full(len(trials.same), np.nan)
    for one, other in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
        learned = [texts[key] for key, who in sorted(owner.items()) if key in texts and fold[who] not in (one, other)]
        chosen = (low == one) & (high == other)
        if learned:
            scores[chosen] = _compared(_counter(learned), texts, trials, chosen)
    return scores


def _owners(trials: Trials) -> list[str]:
    """The speaker of each model."""
    found = dict(zip(trials.model.tolist(), trials.enrolled.tolist(), strict=True))
    return [found[place] for place in range(len(trials.models))]


def _counter(learned: list[str]) -> Any:
    """Texts to tf-idf, by what is rare in the texts learned from."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    return make_union(words, letters).fit(learned)


def _compared(counter: Any, texts: Mapping[str, str], trials: Trials, chosen: Bools) -> Floats:
    from scipy.sparse import csr_array

    models, model = np.unique(trials.model[chosen], return_inverse=True)
    tried, place = np.unique(trials.utterance[chosen], return_inverse=True)
    lists = [[texts[key] for key in trials.lists[one] if key in texts] for one in models.tolist()]
    said = [texts.get(trials.utterances[one], "") for one in tried.tolist()]
    owner = np.repeat(np.arange(len(lists)), [len(own) for own in lists])
    enrolled = csr_array(counter.transform([text for own in lists for text in own] or [""]))
    sums = csr_array((np.ones(len(owner)), (owner, np.arange(len(owner)))), (len(lists), enrolled.shape[0])) @ enrolled
    heard = csr_array(counter.transform(said))
    found = _products(_units(sums), _units(heard), model, place)
    nothing = np.array([not own for own in lists])[model] | np.array([not text for text in said])[place]
    return np.where(nothing, np.nan, np.round(found, DIGITS))


def _units(rows: csr_array) -> csr_array:
    from sklearn.preprocessing import normalize

    return normalize(rows)


def _products(first: csr_array, second: csr_array, one: Any, other: Any) -> Floats:
    found = np.empty(len(one))
    for start in range(0, len(one), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        found[part] = np.asarray(first[one[part]].multiply(second[other[part]]).sum(axis=1)).ravel()
    return found
