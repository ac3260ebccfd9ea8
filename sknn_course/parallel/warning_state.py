"""The interpreter's warning filters, kept for a task while others run."""

import warnings

STATE = ("filters", "showwarning", "_showwarnmsg_impl")  # what catch_warnings keeps


class WarningState:
    """Warning filters and printers as they are now.

    ``warnings.catch_warnings`` changes variables of the interpreter, not of a
    thread. Tasks that take turns therefore each put back their own.

    Examples
    --------
    >>> import warnings
    >>> from sknn_course.parallel.warning_state import WarningState
    >>> state = WarningState()
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     ignored = WarningState()
    ...     state.restore()
    ...     warnings.filters[0] == ignored.filters[0]
    False
    """

    def __init__(self):
        for name in STATE:
            setattr(self, name, getattr(warnings, name, None))

    def restore(self):
        """Put the filters and printers back."""
        for name in STATE:
            if hasattr(warnings, name):
                setattr(warnings, name, getattr(self, name))
        with warnings.catch_warnings():
            pass  # tells the interpreter that the filters have changed
