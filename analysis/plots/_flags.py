"""Footnote marks for what a reader should know about a trial's numbers."""

MEANINGS = {
    "SD imputed": "SD imputed from comparable arms",
    "final score": "final scores, not changes",
    "n assumed": "number of patients per arm assumed",
    "n inferred": "number of patients per arm inferred from printed percentages or means",
    "crossover": "crossover: the same patients in both arms, paired with an assumed correlation",
    "rescaled sum": "sum or subscale rescaled to 0–10",
    "arms combined": "several treatment arms combined",
    "placebo arm shared": "one of several treatment arms, with its share of the placebo arm",
    "correlation assumed": "variance rests on an assumed correlation",
    "doubtful": "a value, the allocation or the scale is in doubt",
    "second-hand": "read in another work's table",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def note_marks(flags):
    """Return the marks of each trial and the key.

    Parameters
    ----------
    flags : list of tuple of str
        The flags of each trial.

    Returns
    -------
    list of str
        As "† a c".
    list of (str, str)
        Mark and meaning, only those in use. The dagger always stands for an imputed SD, letters are given in
        a fixed order; a flag without a stated meaning explains itself.
    """
    used = {flag for each in flags for flag in each}
    known = [flag for flag in MEANINGS if flag in used]
    ordered = known + sorted(used - set(known))
    letters = iter(LETTERS)
    mark = {flag: "†" if flag == "SD imputed" else next(letters) for flag in ordered}
    texts = [" ".join(mark[flag] for flag in ordered if flag in each) for each in flags]
    return texts, [(mark[flag], MEANINGS.get(flag, flag)) for flag in ordered]
