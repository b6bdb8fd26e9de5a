import numpy as np

from benchmarks.frame import frame, in_a_film, table
from benchmarks.peers import Reader
from benchmarks.readers import Account
from camd import paths
from camd.classify import svm
from camd.evaluate.truth import Label
from tests.sheets import paper, write
from training.render.hand import Hand


def test_a_frame_has_twenty_digits_and_is_the_same_again() -> None:
    strokes = np.zeros((10, 28, 28), np.uint8)
    strokes[:, 5:23, 12:15] = 255
    hand = Hand(strokes, np.arange(10, dtype=np.uint8), np.zeros((0, 105, 105), np.uint8))
    image, lines = frame(np.random.default_rng(3), hand)
    again, same = frame(np.random.default_rng(3), hand)
    assert image.shape == (1080, 1920, 3)
    assert [len(line) for line in lines] == [5] * 4
    assert lines == same
    assert (image == again).all()


def test_the_table_counts_digits_right_and_false() -> None:
    labels = [Label("0", ("12", "34")), Label("1", ("5",))]
    first = Account(Reader("camd", "", str), {"0": "1234", "1": "5"}, [0.02, 0.04])
    second = Account(Reader("other", "", str), {"0": "1299", "1": ""}, [3.0, 3.0])
    rows = table(labels, [first, second])
    assert rows[2].startswith("| camd | 5 of 5 | 0 | 30 ms |")
    assert rows[3].startswith("| other | 2 of 5 | 2 | 3.0 s |")
    assert rows[3].endswith("| 100 |")


def test_a_film_of_each_frame_is_timed_beside_decoding_it() -> None:
    images = [write(paper(320, 240), "47", (60, 150))] * 2
    read, decoded = in_a_film(images, svm.load(paths.model_file()))
    assert read.shape == decoded.shape == (2,)
    assert (read > 0).all()
    assert (decoded > 0).all()
