"""The account: counted events times their figures, and what is unknown stays unknown."""

import pytest

from neuroloop.chips.energy import words
from neuroloop.chips.energy.account import account
from neuroloop.chips.energy.counts import Counts, Deliveries, Updates
from neuroloop.chips.energy.tariff import (
    FIGURES,
    PROCESSOR,
    TABLES,
    Tariff,
    chip_of,
    of_table,
    tables,
    tariff,
)
from neuroloop.chips.energy.traffic import Traffic
from neuroloop.chips.profile import Figure, Status, figures_of
from neuroloop.core.errors import ConfigError

COUNTS = Counts(
    1000,
    {"a": Updates(10_000, 600, 1, 2, 70), "b": Updates(5_000, 400, 0, 0, 30)},
    {"in-a.0": Deliveries(2_000, 200), "a-b.1": Deliveries(1_400, 70)},
)


def priced(**each):
    return Tariff("mine", {n: Figure(Status.MEASURED, "a bench", v) for n, v in each.items()})


def complete():
    return priced(
        synop_pj=20.0,
        active_update_pj=80.0,
        inactive_update_pj=50.0,
        spike_pj=2.0,
        hop_pj=3.0,
        static_mw=100.0,
        synop_ns=4.0,
        active_update_ns=8.0,
        inactive_update_ns=5.0,
        spike_ns=2.0,
        hop_ns=6.0,
        barrier_ns=400.0,
    )


def test_each_term_is_events_times_figure():
    found = account(complete(), COUNTS, 2.0, Traffic(300.0, 40.0, 10.0, 4))
    assert {t.name: t.total for t in found.energy} == {
        "synaptic operations": pytest.approx(3_400 * 20e-12),
        "active updates": pytest.approx(1_000 * 80e-12),
        "inactive updates": pytest.approx(14_000 * 50e-12),
        "spikes sent to a core": pytest.approx(300 * 2e-12),
        "hops between tiles": pytest.approx(50 * 3e-12),
        "static power": pytest.approx(0.2),
    }
    assert not found.at_least
    events = (3_400 * 20 + 1_000 * 80 + 14_000 * 50 + 300 * 2 + 50 * 3) * 1e-12
    assert found.event_joules == pytest.approx(events)
    assert found.joules == pytest.approx(events + 0.2)


def test_the_time_of_a_tick_lies_between_shared_and_alone():
    found = account(complete(), COUNTS, 1.0, Traffic(300.0, 40.0, 10.0, 4))
    work_us = (3_400 * 4 + 1_000 * 8 + 14_000 * 5 + 300 * 2 + 50 * 6) * 1e-3 / 1000
    assert found.busiest_tick_us == pytest.approx(work_us + 0.4)
    assert found.shared_tick_us == pytest.approx(work_us / 4 + 0.4)


def test_steps_along_rows_and_columns_have_their_own_figures_where_both_are_known():
    figures = dict(complete().figures)
    figures |= priced(hop_east_west_pj=3.0, hop_north_south_pj=4.0).figures
    found = account(Tariff("mine", figures), COUNTS, 1.0, Traffic(300.0, 40.0, 10.0, 4))
    by_name = {t.name: t.total for t in found.energy}
    assert by_name["hops east and west"] == pytest.approx(120e-12)
    assert by_name["hops north and south"] == pytest.approx(40e-12)


def test_an_unknown_figure_makes_the_total_at_least():
    figures = dict(complete().figures)
    del figures["inactive_update_pj"]
    found = account(Tariff("mine", figures), COUNTS, 1.0, Traffic(300.0, 40.0, 10.0, 4))
    term = next(t for t in found.energy if t.name == "inactive updates")
    assert term.total is None
    assert term.as_json()["status"] == "unknown"
    assert found.at_least
    assert found.joules == pytest.approx((3_400 * 20 + 1_000 * 80 + 300 * 2 + 50 * 3) * 1e-12 + 0.1)
    assert words.total(found).startswith("at least ")
    assert "unknown: no figure was found" in "\n".join(words.terms(found))


def test_without_a_placement_hops_are_unknown_and_each_projection_is_a_message():
    found = account(complete(), COUNTS, 1.0)
    by_name = {t.name: t for t in found.energy}
    assert by_name["spikes sent to a core"].count == 270
    assert by_name["hops between tiles"].total is None
    assert found.at_least
    assert found.busiest_tick_us is None
    assert "unknown, for lack of: hops" in words.tick(found)
    why = account(complete(), COUNTS, 1.0, "too many neurons")
    assert "not placed on cores: too many neurons" in words.terms(why)


def test_where_nothing_happened_nothing_is_unknown():
    found = account(priced(static_mw=5.0), Counts(10, {}, {}), 0.01)
    assert (found.joules, found.at_least) == (pytest.approx(5e-5), False)


def test_parts_that_count_nothing_are_named():
    found = account(complete(), Counts(1, uncounted=frozenset({"poi"})), 1.0)
    assert found.at_least
    assert "not counted: poi" in words.terms(found)


def test_where_no_figure_is_known_the_total_is_unknown():
    found = account(Tariff("dark"), COUNTS, 1.0)
    assert (found.unknown, found.joules) == (True, 0.0)
    assert words.total(found).startswith("unknown: no figure is known")


def test_energy_of_a_decision_is_said():
    found = account(priced(static_mw=100.0), Counts(10), 2.0)
    assert words.total(found, 50) == "200 mJ, 100 mW, 4 mJ a decision (mine)"


def test_every_term_states_its_source_and_status():
    found = account(tariff("loihi1"), COUNTS, 1.0)
    for line, term in zip(words.terms(found), found.energy, strict=True):
        assert term.figure.source in line
        assert str(term.figure.status) in line


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 J"), (1.5, "1.5 J"), (2e-3, "2 mJ"), (3.456e-10, "346 pJ"), (1e-14, "0.01 pJ")],
)
def test_quantities_have_a_prefix_that_suits_them(value, text):
    assert words.quantity(value, "J") == text


def test_loihi_1_has_the_figures_of_its_table():
    figures = tariff("loihi1").figures
    each = {n: figures[n].value for n in ("synop_pj", "active_update_pj", "inactive_update_pj")}
    assert each == {"synop_pj": 23.6, "active_update_pj": 81.0, "inactive_update_pj": 52.0}
    assert figures["synop_pj"].status is Status.SIMULATED


@pytest.mark.parametrize(
    ("backend", "chip"),
    [("loihi1", "loihi1"), ("loihi1_nengo", "loihi1"), ("loihi1-nengo", "loihi1"), ("float", None)],
)
def test_a_backend_belongs_to_the_chip_it_is_named_after(backend, chip):
    assert chip_of(backend) == chip


def test_a_users_table_replaces_what_it_names(tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[synop_pj]\nvalue = 5.0\nstatus = "measured"\nsource = "my bench"\n'
    )
    own = tariff("loihi1", "mine.toml", tmp_path)
    assert own.name == "loihi1 with mine.toml"
    assert own.figure("synop_pj") == Figure(Status.MEASURED, "my bench", 5.0)
    assert own.figure("active_update_pj").value == 81.0
    alone = tariff("float", "mine.toml", tmp_path)
    assert (alone.name, list(alone.figures)) == ("mine.toml", ["synop_pj"])


@pytest.mark.parametrize(
    ("own", "words_of_it"),
    [
        ("keras_spiking_lohi", 'did you mean "keras_spiking_loihi"'),
        ("absent.toml", "absent.toml"),
        ("guess.toml", "a figure that is unknown has the value 3.0"),
        ("text.toml", "text.toml"),
        ("list.toml", "list.toml"),
        ("typo.toml", 'typo.toml: no figure "sinop_pj" .did you mean "synop_pj"'),
        ("word.toml", "`synop_pj.value`: expected .*float"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, own, words_of_it):
    (tmp_path / "guess.toml").write_text(
        '[synop_pj]\nvalue = 3.0\nstatus = "unknown"\nsource = "-"\n'
    )
    (tmp_path / "text.toml").write_text("hello")
    own_synop = '_pj]\nvalue = {}\nstatus = "measured"\nsource = "-"\n'
    (tmp_path / "typo.toml").write_text("[sinop" + own_synop.format(3.0))
    (tmp_path / "word.toml").write_text("[synop" + own_synop.format('"3"'))
    (tmp_path / "list.toml").write_text("synop_pj = [3]\n")
    with pytest.raises(ConfigError, match=words_of_it):
        tariff("loihi1", own, tmp_path)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_each_figure_that_a_table_may_name_counts(name):
    # hops along rows and columns are told apart where such figures are known
    split = {"hop_east_west_pj": 1.0} if "_west" in name or "_south" in name else {}
    way = Traffic(300.0, 40.0, 10.0, 4)

    def total(value):
        found = account(priced(**{**split, name: value}), COUNTS, 1.0, way)
        return sum(t.total or 0.0 for t in (*found.energy, *found.time))

    assert total(2.0) > total(1.0)


def test_a_run_without_a_tick_says_so():
    found = account(complete(), Counts(), 0.0)
    assert words.total(found) == "none: no tick ran (mine)"
    assert words.tick(found) == ""


@pytest.mark.parametrize("name", tables())
def test_each_table_that_comes_along_prices_a_run(name):
    figures = figures_of(TABLES / f"{name}.toml")
    assert {"synop_pj", "active_update_pj", "inactive_update_pj"} <= set(figures)
    assert all(figure.source for figure in figures.values())
    assert account(of_table(name), COUNTS, 1.0).event_joules > 0


def test_the_convention_of_keras_spiking_is_its_formula():
    found = account(tariff("loihi1", "keras_spiking_loihi"), COUNTS, 1.0)
    assert found.joules == pytest.approx((3_400 * 27.1 + 15_000 * 81.0) * 1e-12)


def test_the_convention_of_arithmetic_alone_is_its_formula():
    found = account(of_table("arithmetic_45nm"), COUNTS, 1.0)
    assert found.joules == pytest.approx((3_400 * 0.9 + 15_000 * 4.6) * 1e-12)


def test_the_processor_table_says_that_it_leaves_things_out():
    assert account(of_table(PROCESSOR), COUNTS, 1.0).at_least
