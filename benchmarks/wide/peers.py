"""What others do with many parameters, as plain BoTorch: scaled priors, TuRBO, SAASBO.

``Scaled``: BoTorch's Gaussian process, whose priors of lengthscales grow with the dimension
(Hvarfner et al., ICML 2024). ``Turbo``: one trust region around the best result, Thompson draws
that move few coordinates (Eriksson et al., NeurIPS 2019). ``Saasbo``: a prior by which few axes
matter, sampled by NUTS (Eriksson and Jankowiak, UAI 2021); it needs NumPyro and JAX.
"""

import math

import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.fit import fit_fully_bayesian_model_nuts, fit_gpytorch_mll
from botorch.generation.sampling import MaxPosteriorSampling
from botorch.models import SingleTaskGP
from botorch.models.fully_bayesian import SaasFullyBayesianSingleTaskGP
from botorch.models.model import Model
from botorch.models.transforms import Standardize
from botorch.optim.optimize import optimize_acqf
from botorch.utils.sampling import draw_sobol_samples
from gpytorch.constraints import Interval
from gpytorch.kernels import MaternKernel, ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor


class Scaled:
    """BoTorch as it comes, candidates near the best ones among the starts of its search."""

    def ask(self, x: Tensor, y: Tensor, n: int, seed: int) -> Tensor:
        """Return ``n x d`` points for results ``y`` (``N``) at ``x`` (``N x d``)."""
        torch.manual_seed(seed)
        model = SingleTaskGP(x, y.unsqueeze(-1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return best_of(model, x, n)


class Saasbo:
    """The fully Bayesian process with sparse axes, 256 steps to warm up and 128 draws."""

    def ask(self, x: Tensor, y: Tensor, n: int, seed: int) -> Tensor:
        """Return ``n x d`` points, as above."""
        torch.manual_seed(seed)
        model = SaasFullyBayesianSingleTaskGP(x, y.unsqueeze(-1), outcome_transform=Standardize(1))
        fit_fully_bayesian_model_nuts(
            model, warmup_steps=256, num_samples=128, thinning=16, disable_progbar=True
        )
        return best_of(model, x, n)


def best_of(model: Model, x: Tensor, n: int) -> Tensor:
    """Return ``n`` points one after another, by noisy expected improvement."""
    acquisition = qLogNoisyExpectedImprovement(model, x, prune_baseline=True)
    cube = torch.stack([torch.zeros(x.shape[1]), torch.ones(x.shape[1])]).to(x)
    found, _ = optimize_acqf(
        acquisition,
        cube,
        q=n,
        num_restarts=4,
        raw_samples=256,
        sequential=True,
        options={"sample_around_best": True},
    )
    rows: Tensor = found
    return rows


class Turbo:
    """One trust region: twice as wide after successes, half as wide after failures."""

    LEAST, FIRST, MOST = 0.5**7, 0.8, 1.6
    SUCCESSES = 3

    def __init__(self) -> None:
        self.length, self.won, self.lost = self.FIRST, 0, 0
        self.told, self.best = 0, -math.inf

    def ask(self, x: Tensor, y: Tensor, n: int, seed: int) -> Tensor:
        """Return ``n x d`` points, as above; to be asked once a round."""
        torch.manual_seed(seed)
        self._adapt(y, n, x.shape[1])
        scaled = ((y - y.mean()) / y.std()).unsqueeze(-1)
        kernel = ScaleKernel(
            MaternKernel(
                nu=2.5, ard_num_dims=x.shape[1], lengthscale_constraint=Interval(0.005, 4.0)
            )
        )
        noise = GaussianLikelihood(noise_constraint=Interval(1e-8, 1e-3))
        model = SingleTaskGP(
            x, scaled, covar_module=kernel, likelihood=noise, outcome_transform=None
        )
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        candidates = self._around(x[y.argmax()], kernel.base_kernel.lengthscale.detach(), seed)
        with torch.no_grad():
            picked: Tensor = MaxPosteriorSampling(model=model, replacement=False)(candidates, n)
        return picked

    def _adapt(self, y: Tensor, n: int, dimension: int) -> None:
        if self.told:
            better = float(y[self.told :].max()) > self.best + 1e-3 * abs(self.best)
            self.won, self.lost = (self.won + 1, 0) if better else (0, self.lost + 1)
            if self.won == self.SUCCESSES:
                self.length, self.won = min(2.0 * self.length, self.MOST), 0
            elif self.lost == math.ceil(max(4.0 / n, dimension / n)):
                self.length, self.lost = self.length / 2.0, 0
            if self.length < self.LEAST:
                self.length = self.FIRST
        self.told, self.best = len(y), float(y.max())

    def _around(self, centre: Tensor, lengths: Tensor, seed: int) -> Tensor:
        weights = lengths.squeeze() / lengths.mean()
        weights = weights / weights.log().mean().exp()
        low = (centre - weights * self.length / 2.0).clamp(0.0, 1.0)
        high = (centre + weights * self.length / 2.0).clamp(0.0, 1.0)
        size = len(centre)
        count = min(5000, max(2000, 200 * size))
        cube = torch.stack([torch.zeros_like(low), torch.ones_like(low)])
        drawn = low + (high - low) * draw_sobol_samples(cube, n=count, q=1, seed=seed).squeeze(1)
        moved = torch.rand(count, size) < min(20.0 / size, 1.0)
        moved[torch.arange(count), torch.randint(size, (count,))] = True
        return torch.where(moved, drawn, centre)
