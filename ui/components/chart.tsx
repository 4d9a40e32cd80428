import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { t } from "../i18n/i18n.ts";
import { formatInstant } from "./format.ts";

/** One line of a chart. */
export interface ChartSeries {
  readonly label: string;
  /** A colour of `tokens.css`. */
  readonly colour: "in" | "out" | "accent" | "warn";
  /** So that lines differ without colours. */
  readonly dashed?: boolean;
  /** One for each instant; `null` where nothing is known. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  /** What the chart shows, for those who cannot see it. */
  readonly label: string;
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Pixels. @default {260} */
  readonly height?: number;
}

/**
 * Lines over time. The pointer and the arrow keys read values off, dragging zooms in, a double
 * click out again. The library is loaded with the first chart.
 */
export function Chart(props: ChartProps) {
  const { times, series, format, height = 260 } = props;
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [index, setIndex] = useState<number | null>(null);
  const shape = series.map(({ label, colour, dashed }) => `${label}/${colour}/${dashed}`).join();

  useEffect(() => {
    const abort = new AbortController();
    void show(element, { chart, latest, height, onCursor: setIndex, ended: abort.signal });
    return () => {
      abort.abort();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape, height]);
  useEffect(() => chart.current?.setData(dataOf(props)), [times, series]);

  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    const at = Math.min(times.length - 1, Math.max(0, (index ?? times.length) + step));
    const left = chart.current?.valToPos(times[at] ?? 0, "x") ?? 0;
    chart.current?.setCursor({ left, top: 10 });
  };
  return (
    <figure class="plot">
      <figcaption>
        {series.map(({ label, colour, dashed, values }) => (
          <span key={label}>
            <i class={dashed ? "dashed" : ""} style={{ color: `var(--${colour})` }} />
            {label} <b>{read(values, index, format)}</b>
          </span>
        ))}
        <time class="muted" aria-live="polite">
          {index === null ? t("chart.latest") : formatInstant(instantOf(times[index]))}
        </time>
      </figcaption>
      <div
        ref={element}
        class="plot-canvas"
        role="img"
        aria-label={`${props.label}. ${t("chart.keys")}`}
        tabIndex={0}
        style={{ minHeight: `${height}px` }}
        onKeyDown={onKey}
        onBlur={() => chart.current?.setCursor({ left: -1, top: -1 })}
      />
    </figure>
  );
}

const instantOf = (seconds = NaN) => new Date(seconds * 1_000).toISOString();

/** The value at the cursor, else the newest. */
function read(
  values: readonly (number | null)[],
  index: number | null,
  format: (value: number) => string,
): string {
  const value = index === null ? values.findLast((it) => it !== null) : values[index];
  return value === null || value === undefined ? "—" : format(value);
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

interface ShowOptions {
  readonly chart: { current: uPlot | null };
  readonly latest: { readonly current: ChartProps };
  readonly height: number;
  readonly onCursor: (index: number | null) => void;
  readonly ended: AbortSignal;
}

/** Draws the chart, and again when the theme changes; follows the width of its place. */
async function show(
  { current: element }: { readonly current: HTMLDivElement | null },
  { chart, latest, height, onCursor, ended }: ShowOptions,
): Promise<void> {
  const { plot } = await import("./plot.ts");
  if (ended.aborted || element === null) return;
  const draw = () => {
    chart.current?.destroy();
    const { series, format } = latest.current;
    chart.current = plot(element, dataOf(latest.current), { series, format, height, onCursor });
  };
  draw();
  const theme = new MutationObserver(draw);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  const width = new ResizeObserver(() => {
    chart.current?.setSize({ width: element.clientWidth, height });
  });
  width.observe(element);
  ended.addEventListener("abort", () => (theme.disconnect(), width.disconnect()), { once: true });
}
