"""Several studies as one."""

from ..experiment import Findings


def together(*studies):
    """A study that finds what several find.

    Parameters
    ----------
    *studies : callable
        As of `Experiment.procedure`.

    Returns
    -------
    callable

    Examples
    --------
    >>> from sknn_course.course.experiment import Findings
    >>> from sknn_course.course.sheet2.together import together
    >>> def one(context):
    ...     return Findings(notes=["seen"])
    >>> together(one, one)(None).notes
    ['seen', 'seen']
    """

    def study(context):
        found = Findings()
        for one in (study(context) for study in studies):
            found.checks += one.checks
            found.tables |= one.tables
            found.pictures |= one.pictures
            found.notes += one.notes
        return found

    return study
