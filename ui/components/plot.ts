/**
 * Lines over time on a canvas, by uPlot. A chunk of its own, loaded with the first chart.
 *
 * @module
 */

import uPlot from "uplot";
import type { ChartSeries } from "./chart.tsx";

export interface PlotOptions {
  readonly series: readonly ChartSeries[];
  /** What a value on the vertical axis is called. */
  readonly format: (value: number) => string;
  readonly height: number;
  /** Is told which instant the cursor is at, `null` for none. */
  readonly onCursor: (index: number | null) => void;
}

/** From here on, days are what a chart is about. */
const SECONDS_OF_DAYS = 2 * 86_400;

/** Between two labels of time, in seconds: nothing that two labels in a row would say alike. */
const INCREMENTS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]
  .concat([2, 3, 4, 6, 12, 24, 48, 168].map((hours) => hours * 3_600));

/** Steps of an axis of bytes: round numbers of each unit, whose steps are 1024. */
const STEPS = Array.from({ length: 6 }, (_, unit) => unit)
  .flatMap((unit) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * 1024 ** unit));

const two = (n: number) => `${n}`.padStart(2, "0");

/** Instants in the reader's own time, 24 hours; dates at midnight where there are several. */
function timeLabels(plot: uPlot, times: readonly number[]): string[] {
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  return times.map((time) => {
    const at = new Date(time * 1_000);
    const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
    if (max - min > SECONDS_OF_DAYS) return clock === "00:00" ? day : clock;
    return max - min < 600 ? `${clock}:${two(at.getSeconds())}` : clock;
  });
}

/** A chart inside `element`, in the colours of the page's theme as of now. */
export function plot(element: HTMLElement, data: uPlot.AlignedData, options: PlotOptions): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: colour("muted"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: options.height,
      legend: { show: false },
      padding: [10, 8, 0, 0],
      cursor: { y: false, points: { size: 7 } },
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
      axes: [
        { ...axis, values: timeLabels, space: 70, size: 32, incrs: INCREMENTS },
        {
          ...axis,
          values: (_, values) => values.map(options.format),
          incrs: STEPS,
          size: 82,
          space: 36,
        },
      ],
      series: [
        {},
        ...options.series.map(({ label, colour: name, dashed }) => ({
          label,
          stroke: colour(name),
          width: 2,
          fill: `color-mix(in srgb, ${colour(name)} 12%, transparent)`,
          points: { show: false },
          ...(dashed ? { dash: [6, 4] } : {}),
        })),
      ],
      hooks: { setCursor: [({ cursor }) => options.onCursor(cursor.idx ?? null)] },
    },
    data,
    element,
  );
}
