/**
 * Line charts as SVG text: no library, no script needed to read them. Colours come from the page's
 * style by the number of the line.
 */

export type Point = readonly [x: number, y: number];

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Band {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Chart {
  readonly title: string;
  /** What a value of y is: "ms", "a second". */
  readonly unit: string;
  readonly lines: readonly Line[];
  /** A logarithmic axis for what spans orders of magnitude; values below its least are drawn there. */
  readonly logY?: boolean;
  /** Places and names on the x axis; even steps of seconds if it is missing. */
  readonly xTicks?: readonly (readonly [at: number, name: string])[];
  /** Parts of the x axis that bear a name. */
  readonly bands?: readonly Band[];
}

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 56;
const RIGHT = 12;
const TOP = 22;
const BOTTOM = 26;
const TICKS_WANTED = 4;

/** One figure: title, legend, drawing. */
export function chartFigure(chart: Chart): string {
  const legend = chart.lines.map(
    ({ name }, at) => `<span class="key"><i class="swatch line-${at}"></i>${escapeHtml(name)}</span>`,
  );
  const key = chart.lines.length > 1 ? `<div class="legend">${legend.join("")}</div>` : "";
  return `<figure><figcaption>${escapeHtml(chart.title)} <small>${escapeHtml(chart.unit)}</small></figcaption>${key}${drawing(chart)}</figure>`;
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replaceAll(/[&<>"]/g, (char) => entities[char] ?? char);
}

/** Round values from 0 or below the least to the most, or beyond; at least two. */
export function linearTicks(max: number): number[] {
  if (!(max > 0)) return [0, 1];
  const rough = max / TICKS_WANTED;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = 0; at <= Math.ceil(max / step - 1e-9); at++) ticks.push(Number((at * step).toPrecision(6)));
  return ticks;
}

/** Powers of ten around the values; at least two. */
export function logTicks(min: number, max: number): number[] {
  const low = Math.floor(Math.log10(min));
  const high = Math.max(low + 1, Math.ceil(Math.log10(max)));
  return Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
}

function drawing(chart: Chart): string {
  const points = chart.lines.flatMap((line) => line.points);
  if (points.length === 0) return '<p class="none">nothing to show</p>';
  const positive = points.map(([, y]) => y).filter((y) => y > 0);
  const max = Math.max(0, ...positive);
  const logarithmic = chart.logY === true && positive.length > 0;
  const yTicks = logarithmic ? logTicks(Math.min(...positive), max) : linearTicks(max);
  const scale = logarithmic ? Math.log10 : (value: number) => value;
  const yLow = scale(yTicks[0] as number);
  const yHigh = scale(yTicks.at(-1) as number);
  const xLow = Math.min(...points.map(([x]) => x));
  const xHigh = Math.max(...points.map(([x]) => x), xLow + 1e-9);
  const px = (x: number) => LEFT + ((x - xLow) / (xHigh - xLow)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number) => {
    const value = logarithmic ? scale(Math.max(y, yTicks[0] as number)) : y;
    return HEIGHT - BOTTOM - ((value - yLow) / (yHigh - yLow)) * (HEIGHT - TOP - BOTTOM);
  };
  const xTicks =
    chart.xTicks ??
    linearTicks(xHigh)
      .filter((x) => x >= xLow && x <= xHigh)
      .map((x) => [x, `${x} s`] as const);
  const parts = [
    ...(chart.bands ?? []).map((band, at) => bandOf(band, at, px)),
    ...yTicks.map((y) => gridLine(py(y), shortNumber(y))),
    ...xTicks.map(([x, name]) => xLabel(px(x), name)),
    ...chart.lines.map(({ points: own }, at) => pathOf(own, at, px, py)),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(chart.title)}">${parts.join("")}</svg>`;
}

function pathOf(
  points: readonly Point[],
  at: number,
  px: (x: number) => number,
  py: (y: number) => number,
): string {
  const only = points.length === 1 ? points[0] : undefined;
  if (only !== undefined) {
    return `<circle class="dot line-${at}" cx="${round(px(only[0]))}" cy="${round(py(only[1]))}" r="3"/>`;
  }
  const steps = points.map(([x, y], step) => `${step === 0 ? "M" : "L"}${round(px(x))} ${round(py(y))}`);
  return `<path class="stroke line-${at}" d="${steps.join("")}"/>`;
}

function bandOf({ name, from, to }: Band, at: number, px: (x: number) => number): string {
  const x = round(px(from));
  const width = round(Math.max(0, px(to) - px(from)));
  const shade = `<rect class="band band-${at % 2}" x="${x}" y="${TOP}" width="${width}" height="${HEIGHT - TOP - BOTTOM}"/>`;
  // A name needs some seven units a letter; where there is no room, the neighbours say enough.
  const label =
    width > name.length * 7
      ? `<text class="band-name" x="${x + 4}" y="${TOP - 6}">${escapeHtml(name)}</text>`
      : "";
  return shade + label;
}

function gridLine(y: number, name: string): string {
  const at = round(y);
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="tick" x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${name}</text>`;
}

function xLabel(x: number, name: string): string {
  return `<text class="tick" x="${round(x)}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(name)}</text>`;
}

/** `1.5k`, `2M`, `0.05`. */
export function shortNumber(value: number): string {
  const units = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  const [size, letter] = units.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  return `${Number((value / size).toPrecision(3))}${letter}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
