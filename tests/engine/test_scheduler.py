"""Probes run on their own, on time, within their deadline; no outcome is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from ainur_tui.engine.probing.backoff import CAP, pause, reconnect
from ainur_tui.engine.probing.scheduler import Scheduler
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Probe, Sample
from tests.engine.probing import FakeProbe
from tests.engine.warp import WarpClock, warped

Outcome = tuple[float, str, Sample | ProbeFailure, float]


class Sink:
    def __init__(self, clock: WarpClock) -> None:
        self.clock = clock
        self.got: list[Outcome] = []

    def __call__(self, probe: Probe, outcome: Sample | ProbeFailure, seconds: float) -> None:
        self.got.append((self.clock.monotonic(), probe.name, outcome, seconds))

    def of(self, name: str) -> list[Outcome]:
        return [one for one in self.got if one[1] == name]


def watch(seconds: float, *probes: FakeProbe) -> Sink:
    async def main() -> Sink:
        clock = WarpClock()
        sink = Sink(clock)
        scheduler = Scheduler(probes, sink, clock)
        await scheduler.start()
        await asyncio.sleep(seconds)
        await scheduler.stop()
        return sink

    return warped(main())


async def forever() -> Sample:
    await asyncio.Event().wait()
    return Sample()


def raising(error: BaseException) -> Callable[[], object]:
    async def work() -> Sample:
        raise error

    return work


def test_the_first_read_is_at_once_and_the_next_after_the_interval() -> None:
    times = [at for at, *_ in watch(21, FakeProbe("a", "api")).got]
    assert times[0] <= 0.2
    assert len(times) == 5
    assert all(later - one == pytest.approx(5.0) for one, later in itertools.pairwise(times))


def test_a_probe_that_hangs_delays_no_other_and_becomes_a_timeout() -> None:
    sink = watch(21, FakeProbe("a", "api", work=forever), FakeProbe("b", "db"))
    assert len(sink.of("b")) == 5
    first = sink.of("a")[0]
    assert isinstance(first[2], ProbeFailure)
    assert (first[2].kind, first[3]) == ("timeout", pytest.approx(2.0))


def test_a_probe_that_will_not_end_is_not_run_twice_at_once() -> None:
    async def stubborn() -> Sample:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if asyncio.get_running_loop().time() > 40:
                    raise

    probe = FakeProbe("a", "api", work=stubborn)
    sink = watch(30, probe)
    assert probe.most_at_once == probe.runs == 1
    assert {one[2].kind for one in sink.got if isinstance(one[2], ProbeFailure)} == {"timeout"}
    assert len(sink.got) > 2


def test_an_unexpected_error_tells_its_class_and_nothing_else() -> None:
    sink = watch(1, FakeProbe("a", "api", work=raising(KeyError("password=hunter2"))))  # type: ignore[arg-type]
    failure = sink.got[0][2]
    assert isinstance(failure, ProbeFailure)
    assert (failure.kind, failure.detail) == ("internal", "KeyError")


def test_a_read_that_cancels_itself_ends_nothing() -> None:
    sink = watch(20, FakeProbe("a", "api", work=raising(asyncio.CancelledError())))  # type: ignore[arg-type]
    assert len(sink.got) >= 3
    assert isinstance(sink.got[0][2], ProbeFailure)


def test_failures_lengthen_the_pause_to_twice_the_interval_at_most() -> None:
    work = raising(ProbeFailure("refused"))
    sink = watch(100, FakeProbe("a", "api", work=work))  # type: ignore[arg-type]
    gaps = [later[0] - one[0] for one, later in itertools.pairwise(sink.got)]
    assert gaps[0] == pytest.approx(5.0)
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(10.0)


def test_retry_after_is_honoured_by_the_schedule_and_by_run_now() -> None:
    probe = FakeProbe("a", "api", work=raising(ProbeFailure("rate limited", retry_after=60)))  # type: ignore[arg-type]

    async def main() -> list[float]:
        clock = WarpClock()
        sink = Sink(clock)
        scheduler = Scheduler([probe], sink, clock)
        await scheduler.start()
        await asyncio.sleep(10)
        await scheduler.run_now(None, 5)
        await asyncio.sleep(60)
        await scheduler.stop()
        return [one[0] for one in sink.got]

    first, second = warped(main())
    assert second - first == pytest.approx(60.0)


def test_run_now_shares_a_read_under_way_and_needs_no_start() -> None:
    async def main() -> tuple[int, int, float]:
        gate = asyncio.Event()

        async def work() -> Sample:
            await gate.wait()
            return Sample()

        clock = WarpClock()
        probe, other = FakeProbe("a", "api", work=work), FakeProbe("b", "db")
        sink = Sink(clock)
        scheduler = Scheduler([probe, other], sink, clock)
        both = asyncio.gather(scheduler.run_now({"api"}, None), scheduler.run_now({"api/m"}, None))
        await asyncio.sleep(0.5)
        gate.set()
        await both
        return probe.runs, other.runs, clock.monotonic()

    assert warped(main()) == (1, 0, 0.5)


def test_run_now_waits_no_longer_than_it_was_told() -> None:
    async def main() -> float:
        clock = WarpClock()
        scheduler = Scheduler([FakeProbe("a", "api", work=forever)], Sink(clock), clock)
        await scheduler.run_now(None, 0.7)
        await scheduler.stop()
        return clock.monotonic()

    assert warped(main()) == pytest.approx(0.7)


def test_what_the_board_cannot_take_in_is_a_failure_of_the_probe() -> None:
    async def main() -> list[Sample | ProbeFailure]:
        got: list[Sample | ProbeFailure] = []

        def sink(probe: Probe, outcome: Sample | ProbeFailure, seconds: float) -> None:
            if isinstance(outcome, Sample):
                raise TypeError("no such thing")
            got.append(outcome)

        scheduler = Scheduler([FakeProbe("a", "api")], sink, WarpClock())
        await scheduler.run_now(None, 1)
        return got

    (failure,) = warped(main())
    assert isinstance(failure, ProbeFailure)
    assert failure.detail == "TypeError"


def test_pauses_grow_with_failures_up_to_a_cap() -> None:
    assert pause(5, 0) == 5
    assert pause(5, 100) == 10
    assert pause(20, 100) == CAP
    assert pause(60, 100) == 60
    assert pause(5, 1, retry_after=1e9) == 300
    assert [reconnect(n) for n in (1, 2, 3, 100)] == [0.5, 1.0, 2.0, CAP]


def test_what_comes_back_has_the_rest_of_its_target_read_at_once() -> None:
    """A slow probe that failed with the others must not tell a trouble that is over."""
    reads = itertools.count()

    async def back_on_the_third() -> Sample:
        if next(reads) < 2:
            raise ProbeFailure("refused")
        return Sample()

    refused = raising(ProbeFailure("refused"))
    sink = watch(
        60,
        FakeProbe("fast", "db", interval=5, work=back_on_the_third),
        FakeProbe("slow", "db", interval=3600, work=refused),  # type: ignore[arg-type]
        FakeProbe("other", "node", interval=3600, work=refused),  # type: ignore[arg-type]
    )
    back = next(at for at, _, outcome, _ in sink.of("fast") if isinstance(outcome, Sample))
    assert [at == pytest.approx(back, abs=0.5) for at, *_ in sink.of("slow")] == [False, True]
    assert len(sink.of("other")) == 1
