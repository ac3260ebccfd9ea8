"""The interpreter's warning filters, kept for a task while others run."""

import warnings

from .. import _compat


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
    ...     warnings.filters[0] == ignored.values["filters"][0]
    False
    """

    def __init__(self) -> None:
        self.values = {name: getattr(warnings, name) for name in _compat.WARNING_STATE}

    def restore(self) -> None:
        """Put the filters and printers back."""
        for name, value in self.values.items():
            setattr(warnings, name, value)
        with warnings.catch_warnings():
            pass  # tells the interpreter that the filters have changed
