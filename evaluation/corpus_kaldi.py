"""Speech in Kaldi-style data directories, one or several as VoicePrivacy has them; nothing in them is ever executed."""

from __future__ import annotations

import re
from pathlib import Path

from evaluation.corpus import Corpus, CorpusError, Utterance
from evaluation.corpus_kaldi_lists import Lists, read_lists
from evaluation.corpus_words import emotion_of, key_of, language_of, session_of, sex_of, some

KIND = re.compile(r"_(enrolls?|trials)((?:_(?:f|m|mixed|all|common))*)(?=_|$)")
"""What VoicePrivacy calls the directories of one set: libri_dev_enrolls, libri_dev_trials_f, vctk_dev_trials_m_all."""
Trials = tuple[tuple[str, str, bool], ...]


def directories(folder: Path) -> list[Path]:
    """The Kaldi directories at `folder`: itself, or those right below it."""
    if not folder.is_dir():
        return []
    if (folder / "wav.scp").is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob("*/wav.scp"))


def set_of(name: str) -> str:
    """The set that a directory belongs to: libri_dev of libri_dev_trials_f, libri_dev_x of libri_dev_enrolls_x."""
    return KIND.sub("", name, count=1)


def load(folder: Path, *, split: str = "") -> Corpus:
    """wav.scp and utt2spk, and where they are there spk2gender (or spk2sex), text, segments, utt2emo, utt2lang,
    utt2sess, enrolls and trials, of one directory or of all directories of one set below `folder`.

    enrolls: names of utterances, or a model and its utterances a line; in a directory *_enrolls without one, all its
    utterances enrol their speaker. trials: model, utterance, target or nontarget. Paths in wav.scp are absolute, or
    start from the directory, from one of the two above it, or from where the command runs.

    Raises:
        CorpusError: if lists are missing or no text, if there are several sets and `split` names none of them, or if
            every entry of wav.scp is a command.
    """
    chosen = _of_set(folder, split)
    problems: list[str] = []
    found: dict[str, Utterance] = {}
    read = [(directory, read_lists(directory, problems)) for directory in chosen]
    for directory, lists in read:
        for one in _utterances(directory, lists, set_of(directory.name), problems):
            if one.key in found and found[one.key].path != one.path:
                problems.append(f"{directory}: {one.key} is another recording in another list: the first is taken.")
            found.setdefault(one.key, one)
    every = tuple(found[key] for key in sorted(found))
    name = set_of(chosen[0].resolve().name)
    trials = _trials([lists for _, lists in read], found, problems)
    enrolments = _enrolments(read, found, trials, problems) if trials is not None else None
    if trials is not None and enrolments is not None:
        trials = _with_model(trials, enrolments, problems)
    return Corpus(name, split or name, folder, every, enrolments, trials, tuple(problems))


def _of_set(folder: Path, split: str) -> list[Path]:
    """The directories of the set named `split`, or of the only one."""
    every = directories(folder)
    if every == [folder]:
        return every
    sets: dict[str, list[Path]] = {}
    for directory in every:
        sets.setdefault(set_of(directory.name), []).append(directory)
    if split in sets:
        return sets[split]
    if len(sets) == 1 and not split:
        return every
    raise CorpusError(f"{folder} holds the sets {', '.join(sorted(sets))}: name one of them with --split.")


def _utterances(directory: Path, lists: Lists, corpus: str, problems: list[str]) -> list[Utterance]:
    """Those whose recording is there and whose speaker is known."""
    recordings = _recordings(directory, lists, problems)
    parts = lists.segments or {name: (name, 0.0, 0.0) for name in lists.recordings}
    mute = [name for name in parts if name not in lists.speakers and parts[name][0] in recordings]
    if mute:
        problems.append(f"{directory}/utt2spk names no speaker of {some(mute)}: left out.")
    sexes = _sexes(directory, lists, problems)
    return [
        Utterance(
            key=key_of(name),
            path=recordings[recording],
            speaker=lists.speakers[name],
            sex=sexes.get(lists.speakers[name], ""),
            session=lists.sessions.get(name) or session_of(name),
            transcript=lists.texts.get(name, ""),
            emotion=emotion_of(lists.emotions.get(name, "")),
            language=language_of(lists.languages.get(name, "")),
            corpus=corpus,
            start_s=start_s,
            end_s=end_s,
        )
        for name, (recording, start_s, end_s) in parts.items()
        if recording in recordings and name in lists.speakers
    ]


def _sexes(directory: Path, lists: Lists, problems: list[str]) -> dict:
    found = {speaker: sex_of(word) for speaker, word in lists.sexes.items()}
    if odd := [speaker for speaker, sex in found.items() if sex is None]:
        problems.append(f"{directory}: the sex f or m was expected, but {some(odd)} have another: taken as not known.")
    return {speaker: sex or "" for speaker, sex in found.items()}


def _recordings(directory: Path, lists: Lists, problems: list[str]) -> dict[str, Path]:
    """Where the recordings lie that are files and are there."""
    commands = [name for name, entry in lists.recordings.items() if "|" in entry or entry == "-"]
    if commands:
        said = (
            f"{directory}/wav.scp: {len(commands)} of {len(lists.recordings)} entries are commands ({some(commands)}), "
            "and commands are not executed here: convert them to sound files, and name those."
        )
        if len(commands) == len(lists.recordings):
            raise CorpusError(said)
        problems.append(said)
    files = {name: entry for name, entry in lists.recordings.items() if name not in set(commands)}
    found = {name: path for name, entry in files.items() if (path := _found(entry, directory))}
    if missing := [f"{name} ({entry})" for name, entry in files.items() if name not in found]:
        number = f"{len(missing)} of {len(lists.recordings)}"
        problems.append(f"{directory}/wav.scp: {number} sound files are not there: {some(missing)}.")
    return found


def _found(entry: str, directory: Path) -> Path | None:
    here = directory.absolute()
    for base in (here, here.parent, here.parent.parent, Path.cwd()):
        try:
            if (path := base / entry).is_file():
                return path
        except (OSError, ValueError):  # a name too long, or with a zero byte
            return None
    return None


def _trials(every: list[Lists], found: dict[str, Utterance], problems: list[str]) -> Trials | None:
    """All trials whose utterance is there; None if no directory brings any."""
    listed = [one for lists in every for one in lists.trials]
    if not any(lists.has_trials for lists in every):
        return None
    kept = tuple(dict.fromkeys((model, key_of(name), same) for model, name, same in listed if key_of(name) in found))
    if lost := sorted({name for _, name, _ in listed if key_of(name) not in found}):
        problems.append(f"trials: {len(lost)} utterances are not there ({some(lost)}): their trials are left out.")
    return kept


def _enrolments(
    read: list[tuple[Path, Lists]], found: dict[str, Utterance], trials: Trials, problems: list[str]
) -> dict[str, tuple[str, ...]]:
    """Each model's utterances, of enrolls, else of *_enrolls; else a speaker's utterances that no trial hears."""
    heard = {name for _, name, _ in trials}
    models: dict[str, list[str]] = {}
    for directory, lists in read:
        if lists.enrolments is not None:
            for model, names in lists.enrolments:
                models.setdefault(model, []).extend(map(key_of, names))
        elif "_enroll" in directory.name:
            for name in lists.speakers:
                models.setdefault(lists.speakers[name], []).append(key_of(name))
    if not models:
        for key, one in found.items():
            if key not in heard:
                models.setdefault(one.speaker, []).append(key)
    lost = sorted({key for own in models.values() for key in own if key not in found})
    if lost:
        problems.append(f"enrolls: {len(lost)} utterances are not there ({some(lost)}): left out.")
    kept = {model: tuple(sorted({key for key in own if key in found})) for model, own in sorted(models.items())}
    return {model: own for model, own in kept.items() if own}


def _with_model(trials: Trials, enrolments: dict[str, tuple[str, ...]], problems: list[str]) -> Trials:
    kept = tuple(one for one in trials if one[0] in enrolments)
    if lost := sorted({model for model, _, _ in trials if model not in enrolments}):
        problems.append(
            f"trials: {len(lost)} models have no enrolment ({some(lost)}), so {len(trials) - len(kept)} of "
            f"{len(trials)} trials are left out; the folder above, which has *_enrolls too, may be meant."
        )
    return kept
