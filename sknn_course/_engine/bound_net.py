"""The module and optimizer of a net, bound to the memory of a job in training.

What a callback changes in them counts in the next step, as it does with torch.optim:
parameters, gradients, `requires_grad`, and the optimizer's groups and state.
"""

from types import SimpleNamespace
from typing import Any

import torch

from .ops.build import bind_module
from .optimizers import SOLVERS


class BoundNet:
    """Binds a net to a job, alone in its stack.

    Parameters
    ----------
    net : skorch.NeuralNet
    stack : Stack
    job : FitJob
    """

    def __init__(self, net, stack, job):
        self.net, self.stack, self.job = net, stack, job
        self.module, self.optimizer = net.module_, net.optimizer_
        self.tensors = bind_module(
            self.module, job.layout, stack.flat, stack.buffers, stack.grad
        )
        self.names = {p: name for name, p in self.module.named_parameters()}
        self.parameters = []  # with their parts of the flat tensors
        start = 0
        for tensor, value, gradient in self.tensors:
            if gradient is not None:
                part = slice(start, start + value.numel())
                self.parameters.append((tensor, gradient, part))
                start = part.stop
        self.n_missed = [0] * len(self.parameters)  # steps of the job, not of theirs
        self.solver = SOLVERS[job.settings.solver]
        own = self.solver.torch_group(job.settings)
        for group in (self.optimizer.defaults, *self.optimizer.param_groups):
            group.update(own, lr=job.optimizer.learning_rate)
        self.others = {
            name: value
            for name, value in self.optimizer.param_groups[0].items()
            if name not in ("params", "lr", "initial_lr", *own)
        }
        self.start_values = own
        self.known_rates = self._rates()
        self.callback_set_rate = False
        self.plan = None
        self._show_moments()

    def _rates(self):
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def sync_rate(self):
        """Bring the rates of the optimizer's groups and the job's into line."""
        settings, solver = self.job.settings, self.job.optimizer
        rates = self._rates()
        if rates != self.known_rates:
            self.callback_set_rate = True
        if solver.learning_rate != self.known_rates[0]:  # by the job's own schedule
            if self.callback_set_rate:
                raise ValueError(
                    f"learning_rate={settings.learning_rate!r} and a callback "
                    "both set the learning rate: use learning_rate='constant', or "
                    "leave the callback out."
                )
            for group in self.optimizer.param_groups:
                group["lr"] = solver.learning_rate
            rates = self._rates()
        self.known_rates, solver.learning_rate = rates, rates[0]

    def take(self):
        """Take over what a callback put in the place of tensors in training."""
        self.plan = None
        for tensor, value, _ in self.tensors:
            if not _is_same_memory(tensor, value):
                if tensor.shape != value.shape:
                    raise ValueError(
                        "A callback gave a parameter of the module the shape "
                        f"{tuple(tensor.shape)}: it must stay {tuple(value.shape)}."
                    )
                value.copy_(tensor)
                tensor.data = value
        for k, (tensor, own) in enumerate(self.states):
            given = self.optimizer.state.get(tensor, {})
            if given is not own:
                self._take_state(k, given, own)
                self.optimizer.state[tensor] = own

    def _take_state(self, k, given, own):
        """Take over a state that was loaded; an empty one is that of step 0."""
        rule = self.job.optimizer.rule
        starts = {m.name: m.start_of(rule) for m in self.solver.moments.values()}
        for name, value in own.items():
            start = torch.full_like(value, starts.get(name, 0.0))
            value.copy_(given.get(name, start))
        self.n_missed[k] = self.job.optimizer.n_steps - int(own["step"])

    def check_same(self):
        """Refuse a module or an optimizer that is not the one in training."""
        for name in ("module", "optimizer"):
            if getattr(self.net, f"{name}_") is not getattr(self, name):
                raise ValueError(
                    f"A callback replaced net.{name}_ in training. It may change its "
                    "parameters, but not put another in its place."
                )
        names = {p: name for name, p in self.module.named_parameters()}
        if names != self.names:
            raise ValueError(
                "A callback replaced parameters of net.module_ in training: "
                f"{sorted(names.values())} are not those that are trained. It may "
                "change their values."
            )

    def show_gradients(self):
        """As autograd leaves them: a frozen parameter has none."""
        for tensor, gradient, _ in self.parameters:
            tensor.grad = gradient if tensor.requires_grad else None

    def step(self, t):
        """Step each parameter with the values of its group, those with a gradient.

        Parameters
        ----------
        t : int
            Number of the job's step, from 1.
        """
        if self.plan is None:
            self.plan = self._plan()
        for gradient, given in self.plan.replaced:
            gradient.copy_(given)
        for k in self.plan.left_out:
            self.n_missed[k] += 1
        grad = self.stack.grad.clone()  # that which callbacks see stays as it is
        clipping = self.stack.clipping
        if clipping.acts and self.plan.runs:
            clipping.clip_parts(grad, [part for *_, part in self.plan.runs])
        rates = self.known_rates
        for owner, n_missed, part in self.plan.runs:
            coefficients = self.plan.coefficients[owner]
            self.stack.step_part(part, grad, rates[owner], coefficients, t - n_missed)

    def _plan(self):
        """How the parameters are stepped, as long as no callback is called."""
        plan = SimpleNamespace(runs=[], left_out=[], replaced=[])
        groups = self.optimizer.param_groups
        plan.coefficients = [self._of_group(group) for group in groups]
        owners = {p: g for g, group in enumerate(groups) for p in group["params"]}
        for k, (tensor, gradient, part) in enumerate(self.parameters):
            given, owner = tensor.grad, owners.get(tensor)
            if given is None or owner is None:
                plan.left_out.append(k)
                continue
            if not _is_same_memory(given, gradient):
                plan.replaced.append((gradient, given))
            alike = owner, self.n_missed[k]
            before = plan.runs[-1] if plan.runs else None
            if before and before[:2] == alike and before[2].stop == part.start:
                part = slice(plan.runs.pop()[2].start, part.stop)
            plan.runs.append((*alike, part))
        return plan

    def _of_group(self, group):
        """Coefficients of a group of the optimizer."""
        for name, value in self.others.items():
            if group.get(name, value) != value:
                raise ValueError(
                    f"A callback set {name!r} of the optimizer to {group[name]!r}: of "
                    f"solver={self.job.settings.solver!r}, callbacks can change "
                    f"{['lr', *self.start_values]}. Use the parameters of the "
                    "estimator for the rest."
                )
        changed: dict[str, Any] = {}
        for name, own in self.solver.torch_names().items():
            if group[name] != self.start_values[name]:
                values = group[name] if len(own) > 1 else (group[name],)
                changed |= zip(own, values, strict=True)
        return self.stack.coefficients.replaced(**changed)

    def show_steps(self):
        """Show how many steps each parameter has made."""
        for (_, own), n_missed in zip(self.states, self.n_missed, strict=True):
            own["step"].fill_(self.job.optimizer.n_steps - n_missed)

    def _show_moments(self):
        """The solver's moments under torch.optim's names, in their own memory.

        The momentum of 'sgd' includes the learning rate, as scikit-learn's.
        """
        self.states = []
        for tensor, gradient, part in self.parameters:
            own = {"step": torch.zeros(())}
            for name, moment in self.solver.moments.items():
                values = self.stack.moments[name]
                own[moment.name] = (
                    values[part.start]
                    if moment.is_single
                    else values.as_strided(
                        gradient.shape, gradient.stride(), gradient.storage_offset()
                    )
                )
            self.states.append((tensor, own))
            self.optimizer.state[tensor] = own
        self.show_steps()

    def release(self):
        """Leave the optimizer a state of its own, in torch's meaning."""
        rate = self.known_rates[0]
        for tensor, own in self.states:
            state = {name: value.clone() for name, value in own.items()}
            for moment in self.solver.moments.values():
                if moment.includes_rate and rate > 0:
                    state[moment.name] /= rate
            self.optimizer.state[tensor] = state


def _is_same_memory(tensor, view):
    return (
        tensor.data_ptr() == view.data_ptr()
        and tensor.shape == view.shape
        and tensor.stride() == view.stride()
        and tensor.dtype == view.dtype
    )
