"""Against a real Dask cluster: a scheduler and two worker processes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camd.errors import CamdError, MissingExtraError
from tests.training.fit import small_digits
from tests.training.study.test_grid import OWN, SEEN
from training import Material, train
from training.study.cache import Cache
from training.study.grid import Searched, search
from training.study.rows import SVC
from training.study.versions import augmented
from training.workers import Cluster, Workers


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        cluster.wait_for_workers(2)
        yield cluster.scheduler_address


@pytest.fixture
def cluster(scheduler: str) -> Iterator[Cluster]:
    connected = Cluster(scheduler)
    yield connected
    connected.close()


def searched(workers: Workers, cache: Path) -> Searched:
    return search(
        SVC(), {"C": [1, 10], "gamma": ["scale", 0.1]}, SEEN, OWN.labels,
        row="svm", key={}, cache=Cache(cache), workers=workers, progress=[].append,
    )  # fmt: skip


def test_a_grid_gives_the_same_there_as_here_and_is_kept_here(
    cluster: Cluster, tmp_path: Path
) -> None:
    assert cluster.count == 2
    there, here = searched(cluster, tmp_path / "there"), searched(Workers(2), tmp_path / "here")
    assert [one.scores for one in there.candidates] == [one.scores for one in here.candidates]
    assert there.best.params == here.best.params
    assert searched(Workers(2), tmp_path / "there") == there


def test_both_workers_work_and_neither_is_this_process(cluster: Cluster) -> None:
    import os

    with cluster.each(_process, (), [(i,) for i in range(20)]) as results:
        processes = {process for _, process in results}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_augmented_images_are_the_same_there_as_here(cluster: Cluster, tmp_path: Path) -> None:
    held = []
    for workers in (cluster, Workers(2)):
        with augmented(
            OWN.images[:100], {"noise": True, "scaling": True}, seed=1, folder=tmp_path,
            workers=workers, tell=print,
        ) as pixels:  # fmt: skip
            held.append(np.array(pixels))
    np.testing.assert_array_equal(*held)


def test_a_model_trained_with_a_cluster_is_the_same(scheduler: str, tmp_path: Path) -> None:
    source = small_digits.write(tmp_path / "own.npz", 300)
    there, here = (
        train(Material(source), tmp_path / name, small_digits.RECIPE, scheduler=where).path
        for name, where in (("there.npz", scheduler), ("here.npz", None))
    )
    assert there.read_bytes() == here.read_bytes()


def test_training_without_a_scheduler_there_is_one_clear_error(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    source = small_digits.write(tmp_path / "own.npz")
    with pytest.raises(CamdError, match="no Dask scheduler at nonsense"):
        train(Material(source), tmp_path / "out.npz", scheduler="nonsense://x")


def test_no_scheduler_there_is_one_clear_error() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(CamdError, match=r"no Dask scheduler at tcp://127.0.0.1:9"):
        Cluster("tcp://127.0.0.1:9", connect_s=0.5)


def test_an_address_that_is_none_is_one_clear_error() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(CamdError, match="no Dask scheduler at nonsense"):
        Cluster("nonsense://x")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[cluster\]"):
        Cluster("tcp://127.0.0.1:8786")


def _process(number: int) -> int:
    import os
    import time

    time.sleep(0.05)
    return os.getpid()
