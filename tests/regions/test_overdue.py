from camd.regions.overdue import Overdue
from camd.values import Problem


def test_it_is_a_problem_once_it_has_lasted_and_none_with_the_next_good_value() -> None:
    overdue = Overdue(10)
    assert overdue.see(100, "") is None
    assert overdue.see(105, "unsure") is None
    assert overdue.see(109, "empty") is None
    assert overdue.found(110) == Problem(10, "empty")
    assert overdue.see(111, "unsure") == Problem(11, "unsure")
    assert overdue.see(112, "") is None
    assert overdue.see(113, "unsure") is None


def test_what_was_never_read_is_one_after_as_long() -> None:
    overdue = Overdue(10)
    assert overdue.found(5) is None
    assert overdue.see(5, "unseen") is None
    assert overdue.found(15) == Problem(10, "unseen")


def test_a_good_value_may_be_as_old_as_it_likes_while_nothing_moves() -> None:
    overdue = Overdue(10)
    overdue.see(0, "")
    assert overdue.found(3600) is None


def test_a_time_in_which_nobody_looks_does_not_count() -> None:
    overdue = Overdue(10)
    overdue.see(0, "unsure")
    for at in range(1, 100):
        overdue.excuse(at)
    assert overdue.see(105, "unsure") is None
    assert overdue.see(110, "unsure")
    overdue.excuse(111)
    assert overdue.found(111), "a pause does not solve it"


def test_it_can_be_none_for_ever() -> None:
    overdue = Overdue(0)
    overdue.see(0, "unsure")
    assert overdue.found(1e9) is None
