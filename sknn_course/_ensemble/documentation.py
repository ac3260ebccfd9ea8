"""Descriptions that the two ensembles share."""

from collections.abc import Callable

from .._estimator.documentation import with_sections

PARAMETERS = """
    param_distributions : dict or list of dict, default=None
        Lists or distributions of parameters, as `RandomizedSearchCV` takes them. None:
        the members differ in their seed alone, which is called a deep ensemble.

    n_candidates : int, default=16
        Settings that are tried, each with a seed of its own. Where lists have fewer
        combinations, they come again with other seeds.

    max_members : int, default=32
        How many times a candidate is taken into the ensemble, the same ones again
        included: weights are multiples of 1 / (number taken), at most this.

    cv : int, splitter or iterable, default=None
        Folds: each candidate is trained once for each, without its rows. An int is the
        number of shuffled folds, stratified by class, of whole groups where `groups`
        are given; None is 5.

    validation_fraction : float, default=None
        Hold out this share of the rows once, in place of `cv`.

    scoring : str or callable, default=None
        What the selection raises: a scorer, called with an estimator that has the
        predictions of the held-out rows. None is %(scoring)s, for which selection is
        quickest.

    early_stopping_on_fold : bool, default=True
        Whether networks with `early_stopping=True` judge by the rows that their fold
        holds out, so that all others train them. False: they set aside their own
        `validation_fraction` of the training rows. See Notes.

    preprocess_once : bool, default=False
        Whether the steps before the last are fitted once, to all rows, in place of
        once for the training rows of each fold: sooner, and members share them in
        predictions. The scores then leave out what such a step learns from rows that
        are held out, which is little where it does not look at y, or as
        `sklearn.preprocessing.TargetEncoder` at that of other rows.

    time_budget : float, default=None
        Seconds for all training. Candidates are then trained in waves, the first of
        one candidate, which is always trained, each later one of at most twice
        as many as before. A wave begins only where it would end within the budget at
        the pace of the last two, and has a tenth of the candidates before it; one
        that has begun is finished.

    random_state : int, RandomState or None, default=None
        Draws settings and folds, and the seeds of all estimators, whatever
        `random_state` they had.

    n_jobs : int, default=None
        Processes that train, each its own stack; -1 takes all cores. None trains in
        this process, and in workers where that is sooner. A joblib backend that the
        caller has chosen is kept, with this number of jobs.

    verbose : bool, default=False
        Whether to print the scores, and how far training within a budget has come.
"""

ATTRIBUTES = """
    members_ : list of estimator
        The fitted models of candidates with weight, fold after fold. They share the
        fitted steps before the network; nothing is refitted to all rows. Predictions
        follow an array of a network that is replaced, not what is written into one.

    weights_ : ndarray of shape (n_members,)
        Weight of each member in the mean, summing to one.

    cv_results_ : dict
        As of a search, one entry for each candidate: 'params' and its parts, its
        seed included, 'split0_test_score', ..., 'mean_test_score', 'std_test_score',
        'rank_test_score', 'mean_fit_time', 'std_fit_time'; moreover 'oof_score', of its
        predictions for all held-out rows, and its 'weight'. Scores of one that failed
        are NaN.

    n_candidates_ : int
        Candidates that were tried.

    best_index_, best_params_, best_score_ : int, dict, float
        The best single candidate, by 'oof_score'.

    oof_score_ : float
        Score of the ensemble's predictions for all held-out rows.

    oof_predictions_ : ndarray of shape (n_samples,%(oof)s)
        Predictions of the ensemble for rows that were not trained on, NaN where no
        fold holds a row out.

    held_out_ : list of ndarray of int
        The rows that each fold holds out.

    n_features_in_ : int
        Number of columns, where X has them.

    feature_names_in_ : ndarray of str
        Names of the columns, where X has them.
"""

NOTES = """
    All candidates are trained on all folds in one call of joblib, with the backend
    "stacked" of `sknn_course.parallel`; no context manager is needed. Each network is
    the one that it would be alone.

    In a pipeline, steps before the last are fitted once per fold (or once, with
    `preprocess_once`) for all candidates that share them, and held-out rows pass
    through them. ``sample_weight`` goes to the last step, to the selection and to the
    scores.

    Members are selected greedily, with replacement [1]_, by predictions of held-out
    rows. A candidate that fails on a fold is left out with one `FitFailedWarning`;
    where all fail, the first error is raised.

    The scores are optimistic, since the rows that give them have chosen the
    weights and, with `early_stopping_on_fold`, the epoch: the fewer rows, the more. To
    compare with other models, cross-validate the whole ensemble.
"""

REFERENCES = """
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection
       from libraries of models", ICML 2004.
    .. [2] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable
       predictive uncertainty estimation using deep ensembles", NeurIPS 2017.
"""


def documented(scoring: str, oof: str) -> Callable[[type], type]:
    """Decorator: put the shared descriptions into a docstring, at ``%(name)s``."""
    return with_sections(
        parameters=PARAMETERS % {"scoring": scoring},
        attributes=ATTRIBUTES % {"oof": oof},
        notes=NOTES,
        references=REFERENCES,
    )
