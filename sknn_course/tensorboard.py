"""Training curves for TensorBoard, a folder for each fit."""

import shutil
from itertools import count
from pathlib import Path

from skorch.callbacks import Callback, TensorBoard


def tag_of(key):
    """Tag of a value of the history: training beside validation.

    Parameters
    ----------
    key : str

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course.tensorboard import tag_of
    >>> [tag_of(key) for key in ("train_loss", "valid_acc", "lr")]
    ['loss/train', 'acc/valid', 'lr']
    """
    part, _, name = key.partition("_")
    return f"{name}/{part}" if part in ("train", "valid") else key


class TensorBoardLogging(Callback):
    """Log each epoch of each fit for TensorBoard (Kiel NNDL 2020 sheet 5).

    `skorch.callbacks.TensorBoard` with a writer that is made when a fit begins and
    closed when it ends. So an estimator with this callback can be cloned, searched,
    pickled and fitted again; each fit is a run of its own, in ``log_dir/1``,
    ``log_dir/2``, ... Look at the runs by ``tensorboard --logdir LOG_DIR``, hand them
    on by `zip_logs`.

    Logged are the values of the net's history: losses, scores of training and
    validation where there is validation, learning rate and seconds.

    Parameters
    ----------
    log_dir : str or Path
        Folder of the runs; made where it is missing.

    keys_ignored : str or list of str, default=None
        Names in the history that are not logged, such as ``'dur'``.

    key_mapper : callable, default=tag_of
        Gives the tag for a name in the history.

    Attributes
    ----------
    run_dir_ : Path
        Folder of the last fit.

    See Also
    --------
    skorch.callbacks.TensorBoard : With a writer of your own.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.tensorboard import TensorBoardLogging
    >>> folder = tempfile.TemporaryDirectory()
    >>> log = TensorBoardLogging(folder.name, keys_ignored="dur")
    >>> mlp = MLPClassifier(random_state=0, tol=0.05, callbacks=[log])
    >>> _ = mlp.fit(*load_iris(return_X_y=True))
    >>> log.run_dir_.name
    '1'
    >>> folder.cleanup()
    """

    def __init__(self, log_dir, keys_ignored=None, key_mapper=tag_of):
        self.log_dir = log_dir
        self.keys_ignored = keys_ignored
        self.key_mapper = key_mapper

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Start a run."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "TensorBoardLogging needs the package tensorboard, which is not "
                "installed: pip install tensorboard."
            ) from error
        self.run_dir_ = _new_folder(Path(self.log_dir))
        self.logger_ = TensorBoard(
            SummaryWriter(self.run_dir_),
            keys_ignored=self.keys_ignored,
            key_mapper=self.key_mapper,
        ).initialize()

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Log the last epoch."""
        self.logger_.on_epoch_end(net)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """End the run."""
        self.logger_.on_train_end(net)
        del self.logger_


def _new_folder(log_dir):
    """The first free one of log_dir/1, log_dir/2, ..."""
    log_dir.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        try:
            (log_dir / str(number)).mkdir()
        except FileExistsError:  # of another fit, perhaps of this moment
            continue
        return log_dir / str(number)


def zip_logs(log_dir, path):
    """Pack a folder of runs into a zip file.

    Parameters
    ----------
    log_dir : str or Path
    path : str or Path
        Of the zip file, ending in '.zip'.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If there is no such folder, or the path has another ending.

    Examples
    --------
    >>> import tempfile
    >>> from sknn_course.tensorboard import zip_logs
    >>> folder = tempfile.TemporaryDirectory()
    >>> zip_logs(folder.name, folder.name + "/runs.zip").name
    'runs.zip'
    >>> folder.cleanup()
    """
    path = Path(path)
    if not Path(log_dir).is_dir():
        raise ValueError(
            f"log_dir={str(log_dir)!r} is no folder: give that of the runs."
        )
    if path.suffix != ".zip":
        raise ValueError(f"path={str(path)!r} must end in '.zip'.")
    return Path(shutil.make_archive(path.with_suffix(""), "zip", log_dir))
