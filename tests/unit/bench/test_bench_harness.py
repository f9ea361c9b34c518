"""The benchmark's arithmetic and its accounting; nothing here compares a time with a bound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"
sys.path.insert(0, str(BENCH))

import corpus  # noqa: E402
import measure  # noqa: E402
import table  # noqa: E402
from measure import CommandFailed, Meter, Sample, Spread  # noqa: E402

PYTHON = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]

DETACHED = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while time.process_time() < 0.2:
            pass
        with open(sys.argv[1], "w") as report:
            report.write(repr(time.process_time()))
    os._exit(0)
"""
"""Forks twice, like a daemon; the grandchild works on after the command has ended and says what it used."""


@pytest.fixture
def meter() -> Meter:
    """A running meter whose commands see PATH alone."""
    with Meter({"PATH": os.environ["PATH"]}) as running:
        yield running


def sample(cpu: float, rss_kib: int = 0) -> Sample:
    """Returns a sample of which only the processor time matters."""
    return Sample(cpu=cpu, wall=cpu, settled=cpu, rss_kib=rss_kib, processes=1, status=0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has subreapers")
def test_the_processor_time_of_a_process_that_detached_itself_is_counted(
    meter: Meter, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    cost = meter.run([PYTHON, "-S", "-I", "-c", DETACHED, str(report)], tmp_path)
    assert meter.detached
    assert cost.processes >= 2
    assert cost.cpu >= float(report.read_text())
    assert cost.settled >= cost.wall


def test_the_processor_time_of_a_child_is_counted_once(meter: Meter, tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "subprocess.run([sys.executable, '-S', '-c', 'for _ in range(10**7): pass'])\n"
        "t = os.times()\n"
        "print(t.user + t.system + t.children_user + t.children_system)\n"
    )
    cost = meter.run([PYTHON, "-c", program], tmp_path)
    own_account = float(meter.output.read_text())
    # Counted twice it would be twice as much; what the program spends after its own account is little beside it.
    assert own_account <= cost.cpu < 1.7 * own_account


def test_a_command_that_fails_is_told_with_its_words(meter: Meter, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exited with 3, not 0\nno luck"):
        meter.run(["sh", "-c", "echo no luck >&2; exit 3"], tmp_path)
    assert meter.run(["sh", "-c", "exit 3"], tmp_path, status=3).status == 3


def test_a_program_that_is_missing_is_told(meter: Meter, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no-such-program is not installed"):
        meter.run(["no-such-program"], tmp_path)


def test_a_command_reads_its_input_and_runs_where_it_is_told(meter: Meter, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text("one\ntwo\n")
    meter.run(["sh", "-c", "cat; pwd"], tmp_path, stdin=lines)
    assert meter.output.read_text() == f"one\ntwo\n{tmp_path}\n"


def test_paired_measuring_alternates_and_throws_the_first_round_away() -> None:
    order: list[str] = []

    def action(name: str) -> measure.Action:
        def run() -> Sample:
            order.append(name)
            return sample(float(len(order)))

        return run

    pairs = measure.paired(2, action("base"), action("subject"))
    assert order == ["base", "subject"] * 3
    assert [(base.cpu, subject.cpu) for base, subject in pairs] == [(3.0, 4.0), (5.0, 6.0)]


def test_a_ratio_is_taken_within_each_pair_before_the_median() -> None:
    # A machine that becomes ten times slower half-way: medians of the two columns would say 20.
    assert measure.ratio([2.0, 20.0, 20.0], [1.0, 10.0, 10.0]) == Spread(2.0, 2.0, 2.0)
    assert measure.ratio([2.0, 4.0, 9.0], [1.0, 1.0, 3.0]) == Spread(3.0, 2.5, 3.5)


def test_the_quartiles_of_few_samples_stay_within_them() -> None:
    assert measure.spread([7.0]) == Spread(7.0, 7.0, 7.0)
    assert measure.spread([1.0, 2.0]) == Spread(1.5, 1.25, 1.75)


def test_a_write_keeps_its_target_exactly_when_what_exceeds_the_allowance_is_within_git_times_the_limit() -> (
    None
):
    bares, gits = [sample(1.0)] * 3, [sample(10.0)] * 3
    kept = table.in_git("S", "move", 100, [sample(16.0)] * 3, gits, bares, 1.3, 3)
    missed = table.in_git("S", "move", 100, [sample(16.1)] * 3, gits, bares, 1.3, 3)
    assert (kept.relative, kept.target, kept.met) == ("1.30 G + 3 P", "≤ 1.3 G + 3 P", True)
    assert missed.met is False
    assert table.unmet([kept, missed]) == [missed]


def test_add_and_commit_make_one_bill() -> None:
    first = Sample(cpu=1.0, wall=2.0, settled=3.0, rss_kib=10, processes=1, status=0)
    second = Sample(cpu=0.5, wall=0.5, settled=0.5, rss_kib=30, processes=2, status=0)
    assert first + second == Sample(cpu=1.5, wall=2.5, settled=3.5, rss_kib=30, processes=3, status=0)


def test_memory_is_the_largest_of_all_runs() -> None:
    row = table.peak("S", "list", 10, [sample(0.0, 20 * 1024), sample(0.0, 41 * 1024)], 40)
    assert (row.relative, row.met) == ("41.0 MiB", False)


def test_rows_without_a_target_are_neither_met_nor_missed() -> None:
    row = table.in_bare("S", "list", 100, [sample(6.0)], [sample(2.0)], None)
    assert (row.relative, row.target, row.met) == ("3.00 P", "", None)
    assert table.unmet([row]) == []


def test_the_table_has_one_part_for_each_section() -> None:
    rows = [
        table.in_bare("Reading", "list", 10_000, [sample(0.05)], [sample(0.01)], 7),
        table.factor("Growth", "list", 100_000, 0.5, 0.04, 11),
    ]
    text = table.markdown(rows)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "### Reading"
    assert "| list | 10,000 | 50.0 | 50.0 | 5.00 P | ≤ 7 P | yes |" in lines
    assert "| list | 100,000 | | | × 12.50 | ≤ × 11 | **no** |" in lines


def test_a_share_is_the_speed_of_the_baseline_of_the_same_pair() -> None:
    row = table.share("S", "append", 5, [sample(2.0), sample(8.0)], [sample(1.0), sample(4.0)], 0.6)
    assert (row.relative, row.target, row.met) == ("0.50", "≥ 0.6", False)
    assert table.share("S", "append", 5, [sample(2.0)], [sample(1.0)], 0.5).met is True


def test_a_share_counts_waiting_where_both_wait() -> None:
    slow = Sample(cpu=1.0, wall=4.0, settled=4.0, rss_kib=0, processes=1, status=0)
    assert table.share("S", "append", 0, [slow], [sample(1.0)], None, by_wall=True).relative == "0.25"
    assert table.share("S", "append", 0, [slow], [sample(1.0)], None).relative == "1.00"


def test_a_row_survives_the_way_from_another_process() -> None:
    for row in (
        table.at_most("S", "fork", 100_000, 0.9, "ms", 5),
        table.share("S", "append", 0, [sample(2.0)], [sample(1.0)], None),
    ):
        assert table.of_data(json.loads(json.dumps(table.as_data(row)))) == row


def test_rows_of_the_ledger_count_receipts() -> None:
    text = table.markdown([table.at_most("Ledger", "fork", 100_000, 0.9, "ms", 5)])
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[2] == "| command | receipts | CPU, ms | wall, ms | relative | target | met |"
    assert lines[4] == "| fork | 100,000 | | | 0.90 ms | ≤ 5 ms | yes |"


def test_what_a_command_costs_more_than_another_is_told_in_bare_starts_pair_by_pair() -> None:
    bares, without = [sample(1.0), sample(10.0)], [sample(5.0), sample(50.0)]
    row = table.more("S", "new", 10, [sample(5.5), sample(55.0)], without, bares, 0.7)
    assert (row.relative, row.target, row.met) == ("+0.50 P", "≤ +0.7 P", True)
    assert table.more("S", "new", 10, [sample(6.0), sample(60.0)], without, bares, 0.7).met is False


def test_rows_of_the_gate_count_proposals() -> None:
    row = table.at_most("Gate", "inbox", 100_000, 0.9, "ms", 50, table.PROPOSALS)
    lines = [" ".join(line.split()) for line in table.markdown([row]).splitlines()]
    assert lines[2] == "| command | proposals | CPU, ms | wall, ms | relative | target | met |"


def test_the_same_seed_makes_the_same_tickets_and_no_two_share_a_short_id() -> None:
    first = list(corpus.tickets(300, seed=4))
    assert first == list(corpus.tickets(300, seed=4))
    assert first != list(corpus.tickets(300, seed=5))
    assert len({entry.short_id for entry, _ in first}) == 300
    assert [entry.id for entry, _ in first] == sorted(entry.id for entry, _ in first)


def test_a_generated_repository_holds_exactly_the_tickets_at_rest(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = B\n\temail = b@example.invalid\n")
    repository = tmp_path / "repository"
    entries = corpus.generate(repository, 30, env)
    contents = {entry.path: data for entry, data in corpus.tickets(30)}
    assert {entry.path for entry in entries} == set(contents)
    assert {path: (repository / path).read_bytes() for path in contents} == contents
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=repository, env=env) == b""


def test_a_generated_history_has_as_many_commits_as_were_asked_for(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    repository = tmp_path / "repository"
    entries = corpus.generate_history(repository, 5, 20, env)
    count = subprocess.check_output(["git", "rev-list", "--count", "HEAD"], cwd=repository, env=env)
    assert (int(count), len(entries)) == (20, 5)
    assert sorted(path.stem for path in (repository / corpus.TICKETS).iterdir()) == [
        entry.id for entry in entries
    ]


def test_a_request_to_the_meter_that_runs_out_of_time_ends_the_command(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent")
    request = {
        "argv": ["/bin/sh", "-c", "cat silent & cat silent"],
        "cwd": str(tmp_path),
        "env": {"PATH": os.environ["PATH"]},
        "stdin": os.devnull,
        "stdout": os.devnull,
        "stderr": os.devnull,
        "seconds_max": 1,
    }
    done = subprocess.run(
        [PYTHON, "-S", "-I", str(measure.METER)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["status"] == -1001
