"""Families of samples as prometheus-client writes them, from plain numbers."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from resolvers.counting import BOUNDS, Durations


def gauge(name: str, help: str, value: float) -> Metric:
    """Return a value that goes up and down."""
    return GaugeMetricFamily(name, help, value)


def gauges[K: tuple[str, ...]](
    name: str, help: str, labels: Sequence[str], values: Mapping[K, float]
) -> Metric:
    """Return such values; `values` are keyed by what each of the labels is."""
    family = GaugeMetricFamily(name, help, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def counter(name: str, help: str, value: float) -> Metric:
    """Return a number that only grows."""
    return CounterMetricFamily(name, help, value)


def counters[K: tuple[str, ...]](
    name: str, help: str, labels: Sequence[str], values: Mapping[K, float]
) -> Metric:
    """Return such numbers; `values` are keyed by what each of the labels is."""
    family = CounterMetricFamily(name, help, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def histogram(name: str, help: str, durations: Durations) -> Metric:
    """Return how many durations lie within each bound."""
    return histograms(name, help, (), {(): durations})


def histograms[K: tuple[str, ...]](
    name: str, help: str, labels: Sequence[str], values: Mapping[K, Durations]
) -> Metric:
    """Return such histograms; `values` are keyed by what each of the labels is."""
    family = HistogramMetricFamily(name, help, labels=labels)
    bounds = [*map(str, BOUNDS), "+Inf"]
    for key, durations in values.items():
        reached = accumulate(durations.counts)
        buckets = list(zip(bounds, map(float, reached), strict=True))
        family.add_metric(key, buckets, durations.sum)
    return family
