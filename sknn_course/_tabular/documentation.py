"""Descriptions that the two tabular estimators share."""

from collections.abc import Callable

from .._estimator.documentation import with_sections

PARAMETERS = """
    n_candidates : int, default=12
        Networks that are tried on each fold, of different depths, rates and encodings
        of the table.

    max_members : int, default=32
        How many times candidates are taken into the ensemble, see `EnsembleClassifier`.

    cv : int, splitter or iterable, default=None
        Folds. None is 4, and one hold-out of 15 %% from 20,000 rows on.

    scoring : str or callable, default=None
        What the selection of the members raises; None is %(scoring)s.

    time_budget : float, default=None
        Seconds for the training, see `EnsembleClassifier`: fewer candidates are tried
        where it is short.

    device : {'auto', 'cpu', 'cuda', 'mps'}, default='auto'
        Where networks compute.

    random_state : int, RandomState or None, default=None
        Draws candidates, folds, and all that is random in training.

    n_jobs : int, default=None
        Processes that train, see `EnsembleClassifier`.

    verbose : bool, default=False
        Whether to print the scores of candidates and ensemble.
"""

ATTRIBUTES = """
    ensemble_ : %(ensemble)s
        The fitted ensemble, with `members_`, `weights_`, `cv_results_`, `best_score_`,
        `oof_score_` and `oof_predictions_`.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of str
        Names of the columns, where all are strings.
"""

NOTES = """
    Columns of numbers, categories, text categories, booleans, dates, with missing
    values, are encoded by `TableEncoder`, once, on all rows: scores of held-out rows
    leave out what their own values add to medians and quartiles. It does not read
    text: each different text is a level.

    Of each numeric column networks see the scaled number, beside a piecewise linear
    encoding of it or through periodic functions (`PeriodicEmbedding`).

    The distributions of the settings were tried with at most 2,000 rows to train on.
"""

REFERENCES = """
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection
       from libraries of models", ICML 2004.
    .. [2] Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features
       in tabular deep learning", NeurIPS 2022.
    .. [3] D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data", NeurIPS 2024.
"""


def documented(scoring: str, ensemble: str) -> Callable[[type], type]:
    """Decorator: put the shared descriptions into a docstring, at ``%(name)s``."""
    return with_sections(
        parameters=PARAMETERS % {"scoring": scoring},
        attributes=ATTRIBUTES % {"ensemble": ensemble},
        notes=NOTES,
        references=REFERENCES,
    )
