import { expect, test } from "bun:test";
import { Histogram, LATENCY_US_MAX } from "./histogram.ts";

/** 1/128: the widest a bucket is, beside its values. */
const ERROR_MAX = 1 / 128;

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The percentile as it is defined, from the values themselves. */
function exact(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number;
}

test("percentile() is exact up to 255 us", () => {
  const values = Array.from({ length: 256 }, (_, value) => value);
  const histogram = histogramOf(values);
  for (const share of [0, 0.01, 0.25, 0.5, 0.99, 0.999, 1]) {
    expect(histogram.percentile(share)).toBe(exact(values, share));
  }
});

test("percentile() is at most 1/128 above the truth and never below it, at every border of a bucket", () => {
  const borders = Array.from({ length: 25 }, (_, at) => 2 ** (at + 7)).flatMap((power) => [
    power - 1,
    power,
    power + 1,
    power + power / 2,
  ]);
  for (const value of borders) {
    // Something greater, so that the maximum doesn't cap the bucket.
    const got = histogramOf([value, LATENCY_US_MAX]).percentile(0.5);
    expect(got).toBeGreaterThanOrEqual(value);
    expect(got).toBeLessThanOrEqual(value * (1 + ERROR_MAX));
  }
});

test("percentile() of a long tail: p50, p99, p99.9 and max", () => {
  const values = Array.from({ length: 20_000 }, (_, at) => Math.floor(1_000 / (1 - at / 20_000)));
  const histogram = histogramOf(values);
  for (const share of [0.5, 0.9, 0.99, 0.999]) {
    const truth = exact(values, share);
    expect(histogram.percentile(share)).toBeGreaterThanOrEqual(truth);
    expect(histogram.percentile(share)).toBeLessThanOrEqual(truth * (1 + ERROR_MAX));
  }
  expect(histogram.percentile(1)).toBe(Math.max(...values));
});

test("record() takes what is below 0 for 0, and what is too long for the longest", () => {
  const histogram = histogramOf([-5, 0.9, LATENCY_US_MAX, LATENCY_US_MAX + 1, 1e15]);
  expect(histogram.percentile(0.4)).toBe(0);
  expect(histogram.summary()).toMatchObject({ count: 5, maxUs: LATENCY_US_MAX });
});

test("an empty histogram is all zeros, and so is a cleared one", () => {
  const zeros = { count: 0, meanUs: 0, p50Us: 0, p90Us: 0, p99Us: 0, p999Us: 0, maxUs: 0 };
  expect(new Histogram().summary()).toEqual(zeros);
  const histogram = histogramOf([1, 1_000_000]);
  histogram.clear();
  expect(histogram.summary()).toEqual(zeros);
  histogram.record(7);
  expect(histogram.summary()).toMatchObject({ count: 1, p50Us: 7, maxUs: 7 });
});

test("add() of the parts is the histogram of the whole", () => {
  const values = Array.from({ length: 9_000 }, (_, at) => (at * at * 31) % 5_000_000);
  const whole = histogramOf(values);
  const sum = new Histogram();
  for (let part = 0; part < 3; part++) {
    sum.add(histogramOf(values.filter((_, at) => at % 3 === part)).sparse());
  }
  sum.add(new Histogram().sparse());
  expect(sum.summary()).toEqual(whole.summary());
  expect(sum.sparse()).toEqual(whole.sparse());
});
