"""What the last ``with parallel_config("stacked")`` block did."""

from collections import Counter
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class StackRecord:
    """Networks that were trained together.

    Attributes
    ----------
    wave : int
        Number of the wave, from 0.
    n_models : int
    structure : str
    seconds : float
    failed : bool
        Whether training the stack raised, so that its networks were then
        trained one by one.
    in_worker : bool
        Whether a worker process trained them, beside what this one trained.
    """

    wave: int
    n_models: int
    structure: str
    seconds: float
    failed: bool = False
    in_worker: bool = False


@dataclass
class Report:
    """What happened inside one ``with parallel_config("stacked")`` block.

    Attributes
    ----------
    n_tasks : int
        Tasks that joblib handed over, whatever they did.
    waves : list of int
        Networks trained in each wave.
    stacks : list of StackRecord
        A wave consists of one stack for each structure.
    not_stacked : Counter of str
        How many networks were trained alone, by reason.
    n_data, n_different_data : int
        Training and validation sets of all waves, and how many of them had
        different content within their wave.
    n_shared : int
        Factorisations and kernel matrices taken over from an earlier fit.
    n_of_longer, n_continued : int
        Networks that had their results from a longer training, equal otherwise, and
        those that went on from a shorter one.
    turns : str
        How tasks took turns: as ``"greenlets"`` of one thread, or in ``"threads"`` of
        their own, which is slower.
    seconds : float
        Wall-clock seconds of the outermost joblib calls.
    seconds_training : float
        Wall-clock seconds in the training of waves.
    seconds_waiting : float
        Seconds that networks waited for the others of their wave, on average.

    Examples
    --------
    >>> from sknn_course.parallel import Report
    >>> print(Report(seconds=1.25, seconds_training=1.0))
    0 tasks, 0 networks in 0 waves
    seconds: 1.25 in all, 1.00 in training, 0.25 in everything else
    """

    n_tasks: int = 0
    waves: list[int] = field(default_factory=list)
    stacks: list[StackRecord] = field(default_factory=list)
    not_stacked: Counter[str] = field(default_factory=Counter)
    n_data: int = 0
    n_different_data: int = 0
    n_shared: int = 0
    n_of_longer: int = 0
    n_continued: int = 0
    turns: str = ""
    seconds: float = 0.0
    seconds_training: float = 0.0
    seconds_waiting: float = 0.0

    @property
    def seconds_elsewhere(self) -> float:
        """Wall-clock seconds in everything but the training of waves."""
        return self.seconds - self.seconds_training

    def add_wave(self, waits: list[float]) -> None:
        """Count a wave, given the seconds that each of its networks waited."""
        n_before = sum(self.waves)
        self.waves.append(len(waits))
        total = self.seconds_waiting * n_before + sum(waits)
        self.seconds_waiting = total / sum(self.waves)

    def add_processes(self, reports: "list[Report]") -> None:
        """Count what worker processes did at the same time."""
        for other in reports:
            n_waves, n_before = len(self.waves), sum(self.waves)
            waits = self.seconds_waiting * n_before
            waits += other.seconds_waiting * sum(other.waves)
            self.n_tasks += other.n_tasks
            self.waves += other.waves
            self.stacks += [replace(s, wave=s.wave + n_waves) for s in other.stacks]
            self.not_stacked += other.not_stacked
            self.n_data += other.n_data
            self.n_different_data += other.n_different_data
            self.n_shared += other.n_shared
            self.n_of_longer += other.n_of_longer
            self.n_continued += other.n_continued
            self.turns = other.turns
            self.seconds_waiting = waits / max(1, sum(self.waves))
        self.seconds_training += max(other.seconds_training for other in reports)

    def __str__(self) -> str:
        waves = "1 wave" if len(self.waves) == 1 else f"{len(self.waves)} waves"
        lines = [f"{self.n_tasks} tasks, {sum(self.waves)} networks in {waves}"]
        for stack in self.stacks:
            ending = ", in a worker process" if stack.in_worker else ""
            ending += ", failed: trained one by one" if stack.failed else ""
            lines.append(
                f"wave {stack.wave}: {stack.n_models} x {stack.structure}, "
                f"{stack.seconds:.2f} s{ending}"
            )
        lines += [f"alone: {n} ({why})" for why, n in self.not_stacked.items()]
        if self.n_data:
            lines.append(f"{self.n_different_data} of {self.n_data} data sets differ")
        if self.n_shared:
            lines.append(f"{self.n_shared} factorisations or kernel matrices shared")
        if self.n_of_longer or self.n_continued:
            lines.append(
                f"{self.n_of_longer} networks had the results of longer trainings, "
                f"{self.n_continued} went on from shorter ones"
            )
        if self.turns:
            lines.append(f"tasks took turns as {self.turns}")
        lines.append(
            f"seconds: {self.seconds:.2f} in all, {self.seconds_training:.2f} in "
            f"training, {self.seconds_elsewhere:.2f} in everything else"
        )
        if self.waves:
            lines.append(
                f"a network waited {self.seconds_waiting:.2f} s for the others"
            )
        return "\n".join(lines)


_latest = Report()


def begin_report() -> Report:
    """A new report, from now on the last one."""
    global _latest
    _latest = Report()
    return _latest


def last_report() -> Report:
    """Report of the latest ``with parallel_config("stacked")`` block.

    Returns
    -------
    Report
        Filled while the block runs; ``print`` shows it as text.
    """
    return _latest
