import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { exactText, timeText } from '../format';
import { columnsOf, type Pick, type Row } from './columns';

export interface Line {
  label: string;
  color: string; // a CSS variable's name
  pick: Pick;
}

export interface ChartProps {
  title: string;
  rows: Row[];
  seconds: number;
  range: { from: number; to: number }; // milliseconds
  lines: Line[];
  isStacked?: boolean;
  text: (value: number) => string;
  onZoom: (from: number, to: number) => void;
}

const HEIGHT = 150;
const AXIS_WIDTH = 62;

const colorOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Each line on top of those after it, so that the first is drawn last and lies in front.
function stack(columns: (number | null)[][]): (number | null)[][] {
  return columns.map((column, i) =>
    column.map((value, k) =>
      value === null ? null : columns.slice(i).reduce((sum, each) => sum + (each[k] ?? 0), 0),
    ),
  );
}

// The time, and the day where it changes.
function tickText(at: number, before: number | undefined, step: number): string {
  const text = timeText(at * 1000);
  const [day, time] = text.split(' ');
  const isNewDay = before === undefined || timeText(before * 1000).split(' ')[0] !== day;
  return `${step < 60 ? time : time.slice(0, 5)}${isNewDay ? `\n${day}` : ''}`;
}

function optionsOf(props: ChartProps, columns: (number | null)[][], width: number): uPlot.Options {
  const faint = colorOf('--faint');
  const grid = { stroke: colorOf('--grid'), width: 1 };
  const font = '11px system-ui, sans-serif';
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: 'series', setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    legend: { live: true },
    scales: { x: { time: true, range: [props.range.from / 1000, props.range.to / 1000] }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { stroke: faint, grid, ticks: grid, font, space: 70, values: (_, ticks, __, ___, step) => ticks.map((at, i) => tickText(at, ticks[i - 1], step)) },
      { stroke: faint, grid, ticks: grid, font, size: AXIS_WIDTH, values: (_, ticks) => ticks.map((each) => props.text(each)) },
    ],
    series: [
      { label: 'at', value: (_, at) => (at ? timeText(at * 1000) : '–') },
      ...props.lines.map((line, i): uPlot.Series => {
        const color = colorOf(line.color);
        return {
          label: line.label,
          stroke: color,
          fill: props.isStacked ? color : `color-mix(in srgb, ${color} 14%, transparent)`,
          width: props.isStacked ? 0 : 1.5,
          paths: stepped,
          points: { show: false },
          value: (_, __, ___, at) => {
            const value = at === null ? null : columns[i][at];
            return value === null || value === undefined ? '–' : exactText(value);
          },
        };
      }),
    ],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width: selected } = chart.select;
          if (selected < 4) return;
          props.onZoom(chart.posToVal(left, 'x') * 1000, chart.posToVal(left + selected, 'x') * 1000);
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

export function Chart(props: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const { rows, seconds, range, lines } = props;
  useEffect(() => {
    const frame = element.current;
    if (!frame) return undefined;
    const [times, ...columns] = columnsOf(rows, seconds, lines.map((each) => each.pick));
    // The last window goes on to its end.
    if (times.length > 0) times.push(times[times.length - 1] + seconds);
    const extended = columns.map((column) => [...column, column[column.length - 1] ?? null]);
    const drawn = props.isStacked ? stack(extended) : extended;
    const chart = new uPlot(optionsOf(props, extended, frame.clientWidth), [times, ...drawn] as uPlot.AlignedData, frame);
    const observer = new ResizeObserver(() => chart.setSize({ width: frame.clientWidth, height: HEIGHT }));
    observer.observe(frame);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [rows, seconds, range.from, range.to, lines]);
  return (
    <figure class="chart">
      <figcaption>{props.title}</figcaption>
      <div ref={element} data-chart={props.title} />
    </figure>
  );
}
