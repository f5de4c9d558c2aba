// The charts and the table of a host or a network.
import { useMemo, useState } from 'preact/hooks';
import { exactText, isoText, lengthText, timeText } from '../format';
import type { Live } from '../live';
import { FLAGS, METRICS, metricOf, PROTOCOLS, type Role } from '../metrics';
import { change, type Route } from '../router';
import type { SeriesAnswer } from '../types';
import { Chart, type Line } from './chart';
import { csvOf, download, pickFigure, pickHosts, pickPart, rowsOf, type Row } from './columns';
import { Choice, Notice, Panel, Select } from './controls';
import { lengthsOf, rangeTime } from './time';
import { useAnswer } from './use_answer';

const ROLE_LINES: [Role, string, string][] = [
  ['sent', 'sent', '--sent'],
  ['received', 'received', '--received'],
];
const COUNTS: readonly string[] = ['30', '90', '360', '1000'];
const MOST_ROWS = 120;

const bothRoles = (metric: string): Line[] =>
  ROLE_LINES.map(([role, label, color]) => ({ label, color, pick: pickFigure(role, metric) }));
const parts = (role: Role, group: 'tcp_flags' | 'protocols', names: readonly string[]): Line[] =>
  names.map((name, i) => ({ label: name, color: `--part-${i}`, pick: pickPart(role, group, name) }));

interface Plot {
  title: string;
  metric: string;
  lines: Line[];
  isStacked?: boolean;
}

const PLOTS: Plot[] = [
  ...['bytes', 'packets', 'flows', 'peers', 'dst_ports', 'src_ports', 'avg_duration'].map((metric) => ({
    title: metricOf(metric).label,
    metric,
    lines: bothRoles(metric),
  })),
  ...ROLE_LINES.flatMap(([role, label]): Plot[] => [
    { title: `Protocols, ${label}`, metric: 'flows', lines: parts(role, 'protocols', PROTOCOLS), isStacked: true },
    { title: `TCP flags, ${label}`, metric: 'flows', lines: parts(role, 'tcp_flags', FLAGS), isStacked: true },
  ]),
];
const HOSTS: Plot = { title: 'Hosts', metric: 'hosts', lines: [{ label: 'hosts', color: '--sent', pick: pickHosts }] };

/** `question` is host or prefix; `name` is for files. */
export function Series(props: { live: Live; route: Route; question: { host?: string; prefix?: string }; name: string; note?: (answer: SeriesAnswer) => string }) {
  const { live, route } = props;
  const range = rangeTime(live, route.params);
  const { answer, problem, isLoading } = useAnswer<SeriesAnswer>(
    'series',
    range && { ...props.question, seconds: range.seconds, from: Math.round(range.from), to: Math.round(range.to) },
  );
  const rows = useMemo(() => (answer ? rowsOf(answer) : []), [answer]);
  const hasAny = rows.some((row) => row.record !== null);
  const zoom = (from: number, to: number): void => change({ from: isoText(from), to: isoText(to) }, true);
  const plots = props.question.prefix ? [HOSTS, ...PLOTS] : PLOTS;
  const seconds = answer?.seconds ?? range?.seconds ?? 10;
  const shown = answer && { from: Date.parse(answer.from), to: Date.parse(answer.to) };
  return (
    <>
      <div class="toolbar">
        <Select
          label="Windows of"
          value={String(range?.seconds ?? '')}
          options={lengthsOf(live).map((each) => [String(each), lengthText(each)] as const)}
          onChange={(value) => change({ seconds: value })}
        />
        <Select
          label="The last"
          value={range?.isLive ? (route.params.get('last') ?? '90') : 'range'}
          options={[...COUNTS.map((each) => [each, `${each} windows`] as const), ...(range?.isLive ? [] : [['range', 'chosen range'] as const])]}
          onChange={(value) => value !== 'range' && change({ last: value, from: null, to: null })}
        />
        {range && !range.isLive && <button onClick={() => change({ from: null, to: null })}>Back to live</button>}
        <span class="grow" />
        <button disabled={!hasAny} onClick={() => download(`${props.name}.csv`, 'text/csv', csvOf(rows))}>
          CSV
        </button>
        <button disabled={!hasAny} onClick={() => download(`${props.name}.json`, 'application/json', JSON.stringify(answer?.records, null, 1))}>
          JSON
        </button>
      </div>
      {problem && <Notice kind="problem">{problem}</Notice>}
      {!range && !problem && <Notice>No window of that length yet.</Notice>}
      {answer && !hasAny && <Notice>Nothing was seen between {timeText(Date.parse(answer.from))} and {timeText(Date.parse(answer.to))}.</Notice>}
      {answer && shown && hasAny && (
        <>
          <div class="charts" aria-busy={isLoading}>
            {plots.map((plot) => (
              <Chart key={plot.title} {...plot} rows={rows} seconds={seconds} range={shown} text={textOf(plot)} onZoom={zoom} />
            ))}
          </div>
          <p class="read">
            {rows.length} windows of {lengthText(seconds)}, {answer.read.rows} records read
            {answer.read.damaged > 0 && `, ${answer.read.damaged} windows left out: their files are damaged`}
            {props.note && `; ${props.note(answer)}`}. Drag over a chart to zoom.
          </p>
          <FigureTable rows={rows} />
        </>
      )}
    </>
  );
}

const textOf = (plot: Plot): ((value: number) => string) => (METRICS.find((each) => each.name === plot.metric) ?? METRICS[0]).text;

const COLUMNS = ['flows', 'packets', 'bytes', 'avg_duration', 'peers', 'src_ports', 'dst_ports'];

function FigureTable({ rows }: { rows: Row[] }) {
  const [role, setRole] = useState<Role>('sent');
  const newestFirst = [...rows].reverse().slice(0, MOST_ROWS);
  return (
    <Panel
      title="Figures"
      aside={
        <Choice
          label="Role of the table"
          value={role}
          options={[
            ['sent', 'Sent'],
            ['received', 'Received'],
          ]}
          onChange={setRole}
        />
      }
    >
      <div class="scroll">
        <table class="figures" data-role={role}>
          <thead>
            <tr>
              <th>Window</th>
              {COLUMNS.map((name) => (
                <th key={name}>{metricOf(name).label}</th>
              ))}
              {[...PROTOCOLS, ...FLAGS].map((name) => (
                <th key={name}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {newestFirst.map((row) => (
              <tr key={row.start} data-start={isoText(row.start)}>
                <th scope="row">{timeText(row.start)}</th>
                {COLUMNS.map((name) => cell(pickFigure(role, name)(row), name))}
                {PROTOCOLS.map((name) => cell(pickPart(role, 'protocols', name)(row), name))}
                {FLAGS.map((name) => cell(pickPart(role, 'tcp_flags', name)(row), name))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

const cell = (value: number | null, name: string) => (
  <td key={name} data-figure={name}>
    {value === null ? '–' : exactText(value)}
  </td>
);
