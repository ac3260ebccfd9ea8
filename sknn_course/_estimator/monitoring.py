"""scikit-learn's callbacks: the fit of a network as a task, its epochs as subtasks."""

from .._engine.optimizers import is_full_batch


class FitTask:
    """Tells the callbacks of an estimator of its fit and of each epoch.

    Parameters
    ----------
    estimator : NeuralEstimator
        Not changed by its fit before that has ended.
    fitted : NeuralEstimator
        A copy that has the attributes of the fit to come, but for its network.
    X, y : array-like
        As given to ``fit``; callbacks may score on them.
    sample_weight : array-like or None
    """

    def __init__(self, estimator, fitted, X, y, sample_weight):
        self.fitted = fitted
        self.n_epochs = 0 if is_full_batch(estimator.solver) else estimator.max_iter
        self.n_begun = 0
        self.data = {"estimator": estimator, "X": X, "y": y}
        if sample_weight is not None:
            self.data["metadata"] = {"sample_weight": sample_weight}
        self.context = estimator._init_callback_context(max_subtasks=self.n_epochs)
        self.context.call_on_fit_task_begin(**self.data)

    def epoch_begins(self):
        """Begin a subtask, unless a job that is trained again has used them up."""
        self.epoch = None
        if self.n_begun < self.n_epochs:
            self.n_begun += 1
            self.epoch = self.context.subcontext("epoch")
            self.epoch.call_on_fit_task_begin(**self.data)

    def epoch_ends(self, job, parameters):
        """End the subtask; whether a callback ends the training.

        Parameters
        ----------
        job : FitJob
        parameters : callable
            Gives the parameters and buffers of now.
        """
        if self.epoch is None:
            return False

        def attributes():
            self.fitted._keep_network(job, *parameters())
            return dict(vars(self.fitted))

        return self.epoch.call_on_fit_task_end(
            **self.data, reconstruction_attributes=attributes
        )

    def ends(self):
        """End the task, the estimator being fitted."""
        self.context.call_on_fit_task_end(**self.data, reconstruction_attributes={})
