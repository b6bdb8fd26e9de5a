"""Runs tasks in processes of this machine or on a Dask cluster, both by joblib."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits

from camd import paths
from camd.errors import CamdError, MissingExtraError

try:
    import daal4py
except ImportError:  # daal4py exists for x86-64 only
    daal4py = None

CONNECT_S = 15
"""How many seconds to wait for the Dask scheduler to answer."""

Results = Iterator[tuple[int, Any]]


class Workers:
    """Runs tasks in processes of this machine. Long computations in C do not react to Ctrl-C. A
    thread that is in one cannot be stopped, but a process can be killed: so Ctrl-C works at once,
    and a progress display keeps moving meanwhile."""

    def __init__(self, processes: int | None = None) -> None:
        self.count = processes or cpu_count()

    def each(
        self, function: Callable[..., Any], shared: Sequence[Any], tasks: Sequence[tuple[Any, ...]]
    ) -> AbstractContextManager[Results]:
        """Yield (index of a task, function(*shared, *task)) for each task when it is done, in any
        order. Each task uses one processor, so the results do not depend on how many there are."""
        return self._on(1, function, shared, tasks)

    def one(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return function(*arguments), computed on all processors."""
        with self._on(self.count, function, (), [arguments]) as results:
            return next(results)[1]

    @contextmanager
    def _on(
        self,
        threads: int,
        function: Callable[..., Any],
        shared: Sequence[Any],
        tasks: Sequence[tuple[Any, ...]],
    ) -> Iterator[Results]:
        results = self._parallel(shared)(
            delayed(_numbered)(i, threads, function, *shared, *task) for i, task in enumerate(tasks)
        )
        try:
            yield results
        finally:  # kills the tasks that are not done
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # joblib warns that they were killed
                results.close()

    def _parallel(self, shared: Sequence[Any]) -> Parallel:  # noqa: ARG002
        # With only one job, joblib would compute in this process.
        with parallel_config("loky", n_jobs=max(2, self.count)):
            return Parallel(return_as="generator_unordered", batch_size=1)


class Cluster(Workers):
    """Runs tasks on the workers of a Dask scheduler. Each worker must have camd installed, with its
    extra `train`."""

    def __init__(self, scheduler: str, connect_s: float = CONNECT_S) -> None:
        """Connect to `scheduler`, tcp://host:port. Raises MissingExtraError, CamdError."""
        try:
            from distributed import Client  # noqa: PLC0415  (an extra)
        except ImportError as exc:
            raise MissingExtraError(
                f"--scheduler needs the extra cluster: {paths.pip_install('cluster')}"
            ) from exc
        try:
            self._client = Client(scheduler, timeout=connect_s)
        except (OSError, ValueError) as exc:
            raise CamdError(
                f"no Dask scheduler at {scheduler} ({exc}); start one with: dask scheduler"
            ) from exc
        super().__init__(sum(self._client.nthreads().values()))
        if not self.count:
            self.close()
            raise CamdError(
                f"the Dask scheduler {scheduler} has no workers; start some with: "
                f"dask worker {scheduler}"
            )

    def close(self) -> None:
        self._client.close()

    def _parallel(self, shared: Sequence[Any]) -> Parallel:
        arrays = [item for item in shared if isinstance(item, np.ndarray)]
        with parallel_config("dask", n_jobs=-1, client=self._client, scatter=arrays):
            return Parallel(return_as="generator_unordered", batch_size=1)


def _numbered(
    index: int, threads: int, function: Callable[..., Any], *arguments: Any
) -> tuple[int, Any]:
    with threadpool_limits(threads), warnings.catch_warnings():
        # Dask's workers are threads. Intel's engine warns when it runs in a thread, which does no
        # harm.
        warnings.filterwarnings("ignore", message="'Threading' parallel backend")
        if daal4py is not None:
            daal4py.daalinit(threads)
        return index, function(*arguments)
