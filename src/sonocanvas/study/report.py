"""Turns answers into win rates: how often one method was chosen over each other one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.intervals import Interval, bootstrap_interval, clopper_pearson
from sonocanvas.study import CONSISTENCY
from sonocanvas.study.records import QUESTIONS, Answer, Key, Results


@dataclass(frozen=True)
class Rater:
    """A summary of one rater's answers.

    Attributes:
        name: The random name.
        answered: Number of answered pairs, without repeats.
        planned: Number of planned pairs, with repeats.
        skipped: Number of pairs with a video that could not be played.
        again: Number of repeated questions, with the sides swapped.
        same: Number of those with the same answer.
        first_side: Share of all answers that chose the first video; `None` without answers.
        careless: Whether too few of the repeated answers were the same.
    """

    name: str
    answered: int
    planned: int
    skipped: int
    again: int
    same: int
    first_side: float | None
    careless: bool


@dataclass(frozen=True)
class WinRate:
    """How often the method of the study was chosen over another.

    Attributes:
        question: One of `QUESTIONS`.
        baseline: The other method.
        won: Number of times.
        exact: Share with the Clopper-Pearson interval, as if all answers were independent.
        by_rater: Share with the bootstrap interval over raters; `None` if there is only one.
    """

    question: str
    baseline: str
    won: int
    exact: Interval
    by_rater: Interval | None


@dataclass(frozen=True)
class Report:
    """The outcome of a study.

    Attributes:
        study: Its name.
        method: The method that is compared with others.
        consistency: Share of equal answers below which a rater counts as careless.
        raters: The raters, in the order of their files.
        rates: Win rates of all raters, by baseline and question.
        careful_rates: Win rates without careless raters; equal to `rates` if there are none.
    """

    study: str
    method: str
    consistency: float
    raters: tuple[Rater, ...]
    rates: tuple[WinRate, ...]
    careful_rates: tuple[WinRate, ...]


def make_report(
    results: Sequence[Results], key: Key, consistency: float = CONSISTENCY, seed: int = 0
) -> Report:
    """Returns the win rates of a study, with and without careless raters.

    A pair counts once per rater; repeats only measure how careful the rater is.

    Args:
        results: Results from `read_results`.
        key: The key of the study.
        consistency: Share of the repeated questions, in [0, 1], below which a rater with that few
            equal answers is careless. Without repeated questions no rater is.
        seed: Seed of the bootstrap.

    Raises:
        InvalidInputError: There is no answer, or `consistency` is not in [0, 1].
    """
    if not 0 <= consistency <= 1:
        raise InvalidInputError(f"consistency must be in [0, 1], not {consistency}.")
    raters = tuple(_rater(one, consistency) for one in results)
    careless = {rater.name for rater in raters if rater.careless}
    rates = _rates(results, key, seed)
    if not rates:
        raise InvalidInputError(f"There is no answer in {len(results)} file(s) of results.")
    careful = [one for one in results if one.rater not in careless]
    return Report(
        study=key.study,
        method=key.method,
        consistency=consistency,
        raters=raters,
        rates=rates,
        careful_rates=_rates(careful, key, seed) if careless else rates,
    )


def _rater(results: Results, consistency: float) -> Rater:
    first = {frozenset(answer.shown): answer for answer in results.answers if not answer.repeat}
    same = []
    for answer in results.answers:
        before = first.get(frozenset(answer.shown))
        if answer.repeat and before and before.chosen and answer.chosen:
            same += [_chosen(answer, name) == _chosen(before, name) for name in QUESTIONS]
    sides = [
        _chosen(answer, name) == answer.shown[0]
        for answer in results.answers
        if answer.chosen
        for name in QUESTIONS
    ]
    return Rater(
        name=results.rater,
        answered=sum(answer.chosen is not None for answer in first.values()),
        planned=results.planned,
        skipped=sum(answer.chosen is None for answer in results.answers),
        again=len(same),
        same=sum(same),
        first_side=sum(sides) / len(sides) if sides else None,
        careless=bool(same) and sum(same) < consistency * len(same),
    )


def _rates(results: Sequence[Results], key: Key, seed: int) -> tuple[WinRate, ...]:
    """Returns the win rate of each baseline and question that has answers."""
    rates = []
    for baseline in dict.fromkeys(key.clips[theirs].method for _, theirs in key.pairs):
        ours = {
            frozenset(pair): pair[0] for pair in key.pairs if key.clips[pair[1]].method == baseline
        }
        answers = [
            (one.rater, answer)
            for one in results
            for answer in one.answers
            if answer.chosen and not answer.repeat and frozenset(answer.shown) in ours
        ]
        raters = [rater for rater, _ in answers]
        for question in QUESTIONS if answers else ():
            wins = [
                _chosen(answer, question) == ours[frozenset(answer.shown)] for _, answer in answers
            ]
            several = len(set(raters)) > 1
            rates.append(
                WinRate(
                    question=question,
                    baseline=baseline,
                    won=sum(wins),
                    exact=clopper_pearson(sum(wins), len(wins)),
                    by_rater=bootstrap_interval(wins, seed, raters) if several else None,
                )
            )
    return tuple(rates)


def _chosen(answer: Answer, question: str) -> str:
    return str(getattr(answer.chosen, question))
