from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.figures.read import read_runs
from sonocanvas.figures.teaser import Teaser


def test_colour_over_canvas_over_waveform_with_both_prompts(save, words, pictures):
    shown = read_runs([save("run", 1, red=True)])
    figure = Teaser()(shown)
    colour, canvas = pictures(figure)
    assert colour.shape == (32, 64, 3)
    assert (canvas == canvas_to_bytes(shown[0].sample.canvas)).all()
    assert len(figure.axes) == 3
    tops = [axes.get_position().y0 for axes in figure.axes]
    assert tops == sorted(tops, reverse=True)
    assert words(figure) == ["looks like a castle", "sounds like bells"]


def test_without_colour_the_canvas_is_drawn_once_and_three_samples_take_two_rows(save, pictures):
    figure = Teaser()(read_runs([save(run, 1) for run in "abc"]))
    assert len(pictures(figure)) == 3
    assert len({axes.get_position().y0 for axes in figure.axes}) == 4
