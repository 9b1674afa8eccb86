"""Win rates against closed forms, raters with known habits, and files that do not belong."""

import csv
import io
import json
import random

import pytest
from scipy.stats import binomtest
from tiny_study import METHODS, make_key, rate

from sonocanvas.errors import InvalidInputError
from sonocanvas.study.records import QUESTIONS, read_key, read_results
from sonocanvas.study.report import make_report
from sonocanvas.study.tables import to_csv, to_json, to_markdown

KEY = make_key()


def for_ours(shown, question, ours):
    return ours


def first(shown, question, ours):
    return shown[0]


def coin(seed):
    rng = random.Random(seed)
    return lambda shown, question, ours: rng.choice(shown)


def leaning(seed, share):
    """Returns a rater with a fixed opinion of each pair, who prefers ours in a share of them."""

    def choose(shown, question, ours):
        for_it = random.Random(f"{seed} {question} {sorted(shown)}").random() < share
        return ours if for_it else next(name for name in shown if name != ours)

    return choose


def test_win_rate_and_exact_interval_are_those_of_the_counts():
    results = [rate(KEY, number, leaning(number, 0.7)) for number in range(5)]
    report = make_report(results, KEY)
    assert [(one.baseline, one.question) for one in report.rates] == [
        (baseline, question) for baseline in METHODS[1:] for question in QUESTIONS
    ]
    for one in report.rates:
        won = sum(
            getattr(answer.chosen, one.question) in dict(KEY.pairs)
            for result in results
            for answer in result.answers
            if not answer.repeat
            and one.baseline in {KEY.clips[name].method for name in answer.shown}
        )
        exact = binomtest(won, 60).proportion_ci(0.95, method="exact")
        assert (one.won, one.exact.n, one.exact.mean) == (won, 60, won / 60)
        assert (one.exact.low, one.exact.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
        assert one.by_rater.low <= one.exact.mean <= one.by_rater.high


def test_questions_do_not_mix():
    def choose(shown, question, ours):
        return for_ours(shown, question, ours) if question == "sounds" else min(set(shown) - {ours})

    rates = make_report([rate(KEY, 1, choose)], KEY).rates
    assert {(one.question, one.exact.mean) for one in rates} == {
        ("looks", 0.0),
        ("sounds", 1.0),
        ("aligns", 0.0),
    }


def test_the_interval_by_rater_is_wide_where_raters_disagree_and_each_is_sure():
    divided = [rate(KEY, n, leaning(n, float(n % 2))) for n in range(8)]
    alike = [rate(KEY, n, leaning(n, 0.5)) for n in range(8)]
    for results, wider in ((divided, True), (alike, False)):
        one = make_report(results, KEY).rates[0]
        width, exact = one.by_rater.high - one.by_rater.low, one.exact.high - one.exact.low
        assert (width > 2 * exact) is wider


def test_the_bootstrap_is_seeded():
    results = [rate(KEY, number, leaning(number, number / 6)) for number in range(6)]
    one, same, *others = (make_report(results, KEY, seed=seed).rates for seed in (1, 1, 2, 3))
    assert one == same
    assert {one} != {one, *others}


def test_one_rater_has_no_interval_by_rater():
    report = make_report([rate(KEY, 1, for_ours)], KEY)
    assert {one.by_rater for one in report.rates} == {None}
    assert "| – |" in to_markdown(report)


def test_who_always_takes_the_first_video_wins_half_and_is_careless():
    results = [rate(KEY, number, first) for number in range(40)]
    report = make_report(results, KEY)
    assert all(one.exact.low < 0.5 < one.exact.high for one in report.rates)
    assert all(rater.careless and rater.same == 0 for rater in report.raters)
    assert {rater.first_side for rater in report.raters} == {1.0}
    assert report.careful_rates == ()
    assert "No rater is left." in to_markdown(report)


def test_sides_do_not_matter_to_who_sees_the_videos():
    by_sides = [
        [
            (one.baseline, one.question, one.won)
            for one in make_report([rate(KEY, 1, leaning(1, 0.6), seed=seed)], KEY).rates
        ]
        for seed in range(3)
    ]
    assert by_sides[0] == by_sides[1] == by_sides[2]


def test_a_careful_rater_is_kept_and_a_careless_one_leaves_the_rates_cleaner():
    careful = [rate(KEY, number, for_ours) for number in range(3)]
    report = make_report([*careful, rate(KEY, 9, first)], KEY)
    assert [rater.careless for rater in report.raters] == [False, False, False, True]
    assert [(rater.same, rater.again) for rater in report.raters] == [(12, 12)] * 3 + [(0, 12)]
    assert all(one.exact.mean < 1 for one in report.rates)
    assert {(one.exact.mean, one.exact.n) for one in report.careful_rates} == {(1.0, 36)}
    text = to_markdown(report)
    change = 100 * (1 - report.rates[0].exact.mean)
    assert "## Without 1 careless rater\n" in text
    assert (
        f"| 36 | 36 | 100.0% | 90.3% to 100.0% | 100.0% to 100.0% | {change:+.1f} points |" in text
    )
    assert "0 of 12" in text


def test_coins_are_flagged_as_often_as_the_documentation_says():
    flagged = [make_report([rate(KEY, n, coin(n))], KEY).raters[0].careless for n in range(200)]
    expected = binomtest(8, 12, 0.5, "less").pvalue
    assert round(expected, 2) == 0.93
    assert abs(sum(flagged) / 200 - expected) < 0.06


def test_without_repeated_pairs_nobody_is_careless():
    report = make_report([rate(KEY, 1, first, repeats=0)], KEY)
    assert not report.raters[0].careless
    assert report.careful_rates == report.rates
    assert "not asked" in to_markdown(report)
    assert "Without" not in to_markdown(report)


def test_the_threshold_is_the_user_s():
    results = [rate(KEY, 1, first)]
    assert not make_report(results, KEY, consistency=0.0).raters[0].careless
    with pytest.raises(InvalidInputError, match=r"consistency must be in \[0, 1\], not 1.5"):
        make_report(results, KEY, consistency=1.5)


def test_a_pair_counts_once_a_rater():
    report = make_report([rate(KEY, 1, for_ours, repeats=12)], KEY)
    assert {one.exact.n for one in report.rates} == {12}
    assert report.raters[0].answered == 24


def test_what_was_skipped_or_never_reached_does_not_count():
    whole = rate(KEY, 1, for_ours)
    broken = whole.answers[0].model_copy(update={"chosen": None})
    part = whole.model_copy(update={"answers": (broken, *whole.answers[1:10])})
    report = make_report([part], KEY)
    assert sum(one.exact.n for one in report.rates) == 9 * 3
    assert (report.raters[0].answered, report.raters[0].planned) == (9, 28)
    assert "answered 9 pairs and skipped 1." in to_markdown(report)
    with pytest.raises(InvalidInputError, match="There is no answer in 1 file"):
        make_report([whole.model_copy(update={"answers": (broken,)})], KEY)


def test_json_and_csv_hold_the_numbers():
    report = make_report([rate(KEY, n, leaning(n, 0.7)) for n in range(3)], KEY)
    told = json.loads(to_json(report))
    assert told["rates"][0]["exact"]["low"] == report.rates[0].exact.low
    assert len(told["raters"]) == 3
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert [row["raters"] for row in rows] == ["all"] * 6 + ["careful"] * 6
    assert float(rows[0]["by_rater_high"]) == report.rates[0].by_rater.high
    assert (rows[0]["question"], rows[0]["won"]) == ("looks", str(report.rates[0].won))


@pytest.fixture
def sent(tmp_path):
    """Returns a function that writes a changed results file and returns its path."""

    def write(name="one.json", **changes):
        told = json.loads(rate(KEY, 1, for_ours).model_dump_json()) | changes
        (tmp_path / name).write_text(json.dumps(told))
        return tmp_path / name

    return write


def answer(**changes):
    ours, theirs = KEY.pairs[0]
    chosen = dict.fromkeys(QUESTIONS, ours)
    return {"shown": [ours, theirs], "repeat": False, "seconds": 1, "chosen": chosen} | changes


def test_results_come_back_as_they_were_sent(sent):
    assert read_results([sent()], KEY) == [rate(KEY, 1, for_ours)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"study": "f" * 12}, "belongs to study ffffffffffff, but the key to study 000000000000"),
        ({"format": "sonocanvas-study-results-2"}, "format: Input should be"),
        ({"rater": "<b>"}, "rater: String should match pattern"),
        ({"extra": 1}, "extra: Extra inputs are not permitted"),
        ({"answers": [answer(seconds="long")]}, "answers.0.seconds: Input should be a valid num"),
        ({"answers": [answer(chosen={})]}, "answers.0.chosen.looks: Field required"),
        ({"answers": [answer(shown=["a" * 12, "b" * 12])]}, "answer 1 is about aaaaaaaaaaaa and"),
        ({"answers": [answer(shown=[KEY.pairs[0][0]] * 2)]}, "not one of its pairs"),
        (
            {"answers": [answer(chosen=dict.fromkeys(QUESTIONS, KEY.pairs[2][0]))]},
            "answer 1 chooses a video that was not shown",
        ),
        ({"answers": [answer(), answer()]}, "answer 2 repeats a pair that was answered before"),
    ],
)
def test_results_that_do_not_belong_are_refused(sent, changes, sentence):
    path = sent(**changes)
    with pytest.raises(InvalidInputError) as refused:
        read_results([path], KEY)
    assert f"'{path}'" in str(refused.value)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_files_of_one_rater_are_refused(sent):
    one, other = sent(), sent("other.json", answers=[answer()])
    with pytest.raises(
        InvalidInputError, match=r"other.json' is by the same rater as '.*one.json'"
    ):
        read_results([one, other], KEY)


def test_what_is_no_json_or_no_file_is_refused(tmp_path, sent):
    (tmp_path / "half.json").write_bytes(sent().read_bytes()[:100])
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    for name, reason in [
        ("half.json", "is not the results of a study: Invalid JSON"),
        ("bytes.json", "is not the results of a study: Invalid JSON"),
        ("none.json", "No such file"),
    ]:
        with pytest.raises(InvalidInputError, match=f"{name}.*{reason}"):
            read_results([tmp_path / name], KEY)


def test_results_given_as_the_key_are_refused(tmp_path, sent):
    with pytest.raises(InvalidInputError, match="is not the key of a study: "):
        read_key(sent())
    less = KEY.model_copy(update={"clips": dict(list(KEY.clips.items())[:1])})
    (tmp_path / "key.json").write_text(less.model_dump_json())
    with pytest.raises(InvalidInputError, match="a pair has no clip"):
        read_key(tmp_path / "key.json")
