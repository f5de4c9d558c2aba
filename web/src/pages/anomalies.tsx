import { exactText, lengthText, timeText } from '../format';
import type { Live } from '../live';
import { Choice, Notice, Panel, Select } from '../parts/controls';
import { orderOf, SortableTable, type Column } from '../parts/sortable_table';
import { useAnswer } from '../parts/use_answer';
import { change, link, type Route } from '../router';
import type { AnomaliesAnswer, AnomalyRecord } from '../types';

const KINDS: Record<string, string> = {
  volume: 'Volume',
  fan_out: 'Fan-out',
  flag_mix: 'TCP flags',
  role_change: 'Changed role',
  silent: 'Silent',
  new_host: 'New host',
};
const STATES = [
  ['all', 'All'],
  ['open', 'Open'],
  ['closed', 'Past'],
] as const;
const RANGES = [
  ['1', 'Last day'],
  ['7', 'Last week'],
] as const;
const ENDS: Record<string, string> = { normal: 'as expected again', accepted: 'is normal now', forgotten: 'host forgotten' };
const MOST = 1000;
const DAY_MS = 86_400_000;

// 3, 0.25, 12,345: as exact as it helps.
const figureText = (value: number): string => (value >= 100 ? exactText(Math.round(value)) : String(Math.round(value * 100) / 100));
const stateText = ({ anomaly }: AnomalyRecord): string => (anomaly.end ? ENDS[anomaly.end] : anomaly.state === 'close' ? 'over' : 'open');

const columnsFor = (seconds: number): Column<AnomalyRecord>[] => [
  {
    name: 'host',
    label: 'Host',
    value: (row) => row.host.ip,
    cell: (row) => <a href={link('host', { ip: row.host.ip, seconds, from: Date.parse(row.anomaly.since) - DAY_MS, to: Date.parse(row.window.end) })}>{row.host.ip}</a>,
  },
  { name: 'kind', label: 'What', value: (row) => KINDS[row.anomaly.kind], cell: (row) => KINDS[row.anomaly.kind] },
  { name: 'figure', label: 'Figure', value: (row) => row.anomaly.figure, cell: (row) => row.anomaly.figure },
  { name: 'expected', label: 'Expected', value: (row) => row.anomaly.expected, cell: (row) => figureText(row.anomaly.expected) },
  { name: 'seen', label: 'Seen', value: (row) => row.anomaly.seen, cell: (row) => figureText(row.anomaly.seen) },
  { name: 'score', label: 'Score', title: 'Highest so far: 3 is once in a thousand windows of this host', value: (row) => row.anomaly.score, cell: (row) => row.anomaly.score.toFixed(1) },
  { name: 'since', label: 'Since', value: (row) => Date.parse(row.anomaly.since), cell: (row) => timeText(Date.parse(row.anomaly.since)) },
  { name: 'state', label: 'State', value: stateText, cell: (row) => <span title={`Said at ${timeText(Date.parse(row.window.end))}`}>{stateText(row)}</span>, isBad: (row) => stateText(row) === 'open' },
];

/** What hosts do that their profiles do not expect. */
export function AnomaliesPage({ live, route }: { live: Live; route: Route }) {
  const { params } = route;
  const seconds = live.status?.profiles?.seconds ?? null;
  const newest = seconds === null ? undefined : live.newest.get(seconds);
  const days = params.get('days') === '7' ? '7' : '1';
  const state = STATES.find(([name]) => name === params.get('state'))?.[0] ?? 'all';
  const kind = params.get('kind') ?? '';
  const to = newest === undefined || seconds === null ? null : newest + seconds * 1000;
  const asked = useAnswer<AnomaliesAnswer>(
    'anomalies',
    to === null || seconds === null ? null : { seconds, from: to - Number(days) * DAY_MS, to, state, kind: kind || undefined, n: MOST },
  );
  const text = params.get('filter') ?? '';
  const rows = (asked.answer?.records ?? []).filter((row) => row.host.ip.includes(text));
  return (
    <main class="page">
      <header class="title">
        <h1>Anomalies</h1>
      </header>
      <div class="toolbar">
        <Choice label="State" value={state} options={STATES} onChange={(value) => change({ state: value === 'all' ? null : value })} />
        <Choice label="When" value={days} options={RANGES} onChange={(value) => change({ days: value === '1' ? null : value })} />
        <Select label="What" value={kind} options={[['', 'Anything'], ...Object.entries(KINDS)]} onChange={(value) => change({ kind: value || null })} />
        <label class="field grow">
          <span>Filter</span>
          <input type="search" value={text} placeholder="Part of an address" onInput={(event) => change({ filter: event.currentTarget.value || null })} />
        </label>
      </div>
      {asked.problem && <Notice kind="problem">{asked.problem}</Notice>}
      {live.status && seconds === null && <Notice>This appliance keeps no profiles of hosts.</Notice>}
      {seconds !== null && to === null && <Notice>No window of {lengthText(seconds)} has closed yet.</Notice>}
      {asked.answer && seconds !== null && (
        <Panel title={rows.length === 1 ? '1 anomaly' : `${exactText(rows.length)} anomalies`} aside={<small>{lengthText(seconds)} windows</small>}>
          {rows.length === 0 ? (
            <Notice>Nothing unexpected.</Notice>
          ) : (
            <SortableTable columns={columnsFor(seconds)} rows={rows} keyOf={(row) => row.anomaly.id} order={orderOf(params.get('by'), 'since')} onOrder={(by) => change({ by })} />
          )}
        </Panel>
      )}
    </main>
  );
}
