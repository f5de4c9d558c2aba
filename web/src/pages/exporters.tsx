import { countText, exactText, shareText, signedSecondsText, timeText } from '../format';
import { Choice, Notice, Panel } from '../parts/controls';
import { orderOf, SortableTable, type Column } from '../parts/sortable_table';
import { StatsTable } from '../parts/stats_table';
import { usePolled } from '../parts/use_polled';
import { labelOf, useStats } from '../parts/use_stats';
import { change, type Route } from '../router';
import type { ExporterRow, ExportersAnswer } from '../types';

const GROUPS: [string, string[]][] = [
  ['Datagrams', ['datagrams']],
  ['Flow records', ['records']],
  ['Templates', ['templates']],
  ['Sets', ['sets']],
  ['Sequence numbers', ['sequence']],
  ['Exporters', ['exporters']],
];

const VERSIONS: Record<number, string> = { 5: 'NetFlow v5', 9: 'NetFlow v9', 10: 'IPFIX' };
// Worth a look: NetFlow counts whole seconds, and a minute off puts durations and windows apart.
const FAR_OFF_SECONDS = 60;
const MUCH_LOST = 0.01;

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, count) => total + count, 0);
const reasonsText = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${labelOf(name)} ${exactText(count)}`)
    .join(', ');
const lossOf = ({ sequence }: ExporterRow): number => (sequence.expected === 0 ? 0 : sequence.lost / sequence.expected);
const rateText = (rate: number): string => (rate > 0 && rate < 10 ? rate.toFixed(1) : countText(Math.round(rate)));

/** One packet in so many; of several domains all rates. */
function samplingText({ sampling }: ExporterRow): string {
  if (sampling.origins.every((origin) => origin === 'ignored')) return 'ignored';
  const rates = sampling.applied.map((rate) => (rate === 1 ? 'none' : `1:${exactText(rate)}`)).join(', ');
  return sampling.origins.includes('configured') ? `${rates} (set)` : rates;
}

const agoText = (time: string | null, now: string): string => {
  if (time === null) return '–';
  const seconds = Math.max(0, (Date.parse(now) - Date.parse(time)) / 1000);
  return seconds < 120 ? `${Math.round(seconds)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};
const ageOf = (time: string | null): number | null => (time === null ? null : -Date.parse(time));

const columnsAt = (now: string, isPerDomain: boolean): Column<ExporterRow>[] => [
  {
    name: 'address',
    label: 'Exporter',
    value: (row) => row.address,
    cell: (row) => (
      <>
        {row.address}
        {isPerDomain && <small title="Source port">:{row.source_ports[0]}</small>} {row.name && <small>{row.name}</small>}
      </>
    ),
  },
  { name: 'version', label: 'Protocol', value: (row) => row.versions[0] ?? null, cell: (row) => row.versions.map((each) => VERSIONS[each]).join(', ') || '–' },
  { name: 'domains', label: isPerDomain ? 'Domain' : 'Domains', title: 'Observation domains, source ids, or engines', value: (row) => row.exporters, cell: (row) => (row.domains.length <= 3 ? row.domains.join(', ') : exactText(row.exporters)) },
  { name: 'datagrams', label: 'Datagrams/s', value: (row) => row.rate.datagrams, cell: (row) => <span title={`${exactText(row.datagrams.received)} so far`}>{rateText(row.rate.datagrams)}</span> },
  { name: 'records', label: 'Records/s', value: (row) => row.rate.records, cell: (row) => <span title={`${exactText(row.records.counted)} so far`}>{rateText(row.rate.records)}</span> },
  {
    name: 'loss',
    label: 'Lost',
    title: 'On the way to us, by sequence numbers',
    value: lossOf,
    cell: (row) => <span title={`${exactText(row.sequence.lost)} of ${exactText(row.sequence.expected)}`}>{shareText(lossOf(row))}</span>,
    isBad: (row) => lossOf(row) > MUCH_LOST,
  },
  { name: 'gaps', label: 'Gaps', title: 'Times that sequence numbers were missing', value: (row) => row.sequence.gaps, cell: (row) => exactText(row.sequence.gaps) },
  { name: 'resets', label: 'Resets', title: 'Jumps of the sequence number, as after a restart', value: (row) => row.sequence.resets, cell: (row) => exactText(row.sequence.resets) },
  {
    name: 'dropped',
    label: 'Dropped',
    title: 'Datagrams that were refused or could not be read',
    value: (row) => sum(row.datagrams.dropped),
    cell: (row) => <span title={reasonsText(row.datagrams.dropped)}>{exactText(sum(row.datagrams.dropped))}</span>,
    isBad: (row) => sum(row.datagrams.dropped) > 0,
  },
  { name: 'sampling', label: 'Sampling', title: 'One packet in so many', value: (row) => Math.max(1, ...row.sampling.applied), cell: samplingText },
  { name: 'templates', label: 'Templates', value: (row) => row.templates.known, cell: (row) => exactText(row.templates.known) },
  {
    name: 'refreshed',
    label: 'Last one',
    title: 'Since a template came, new or again',
    value: (row) => ageOf(row.templates.last_received),
    cell: (row) => <span title={row.templates.last_received ? timeText(Date.parse(row.templates.last_received)) : 'none since it is known'}>{agoText(row.templates.last_received, now)}</span>,
  },
  {
    name: 'refused',
    label: 'Refused',
    title: 'Templates that were not taken',
    value: (row) => row.templates.refused,
    cell: (row) => <span title={reasonsText(row.templates.refusals)}>{exactText(row.templates.refused)}</span>,
    isBad: (row) => row.templates.refused > 0,
  },
  {
    name: 'held',
    label: 'Early',
    title: 'Data sets that wait for their template; and those whose template never came',
    value: (row) => row.templates.held_sets + row.templates.unknown_sets,
    cell: (row) => `${exactText(row.templates.held_sets)}; ${exactText(row.templates.unknown_sets)}`,
    isBad: (row) => row.templates.unknown_sets > 0,
  },
  {
    name: 'offset',
    label: 'Clock',
    title: 'Export time minus arrival, of the last datagram',
    value: (row) => Math.abs(row.clock_offset_seconds),
    cell: (row) => signedSecondsText(row.clock_offset_seconds),
    isBad: (row) => Math.abs(row.clock_offset_seconds) > FAR_OFF_SECONDS,
  },
  { name: 'heard', label: 'Heard', title: 'Since its last datagram', value: (row) => ageOf(row.last_received), cell: (row) => <span title={row.last_received ? timeText(Date.parse(row.last_received)) : ''}>{agoText(row.last_received, now)}</span> },
];

const keyOf = (row: ExporterRow): string => `${row.address} ${row.source_ports.join(' ')} ${row.domains.join(' ')}`;

/** What exporters sent and what became of it. */
export function ExportersPage({ route }: { route: Route }) {
  const { params } = route;
  const stats = useStats();
  const per = params.get('per') === 'domain' ? 'domain' : 'address';
  const exporters = usePolled<ExportersAnswer>('exporters', { per });
  const order = orderOf(params.get('by'), 'datagrams');
  const text = params.get('filter') ?? '';
  const answer = exporters.now;
  const rows = (answer?.rows ?? []).filter((row) => text === '' || row.address.includes(text) || row.name.toLowerCase().includes(text.toLowerCase()));
  return (
    <main class="page">
      <header class="title">
        <h1>Exporters</h1>
      </header>
      {(exporters.problem || stats.problem) && <Notice kind="problem">{exporters.problem || stats.problem}</Notice>}
      <div class="toolbar">
        <Choice
          label="A row for each"
          value={per}
          options={[
            ['address', 'Address'],
            ['domain', 'Source port and domain'],
          ]}
          onChange={(value) => change({ per: value === 'address' ? null : value })}
        />
        <label class="field grow">
          <span>Filter</span>
          <input type="search" value={text} placeholder="Part of an address or a name" onInput={(event) => change({ filter: event.currentTarget.value || null })} />
        </label>
      </div>
      {answer && (
        <Panel title={rows.length === answer.exporters ? `${exactText(answer.exporters)} exporters` : `${exactText(rows.length)} of ${exactText(answer.exporters)} exporters`}>
          {rows.length === 0 ? (
            <Notice>No exporter.</Notice>
          ) : (
            <SortableTable columns={columnsAt(answer.time, per === 'domain')} rows={rows} keyOf={keyOf} order={order} onOrder={(by) => change({ by })} />
          )}
        </Panel>
      )}
      <div class="columns">
        {stats.now &&
          GROUPS.filter(([, path]) => stats.now?.[path[0]] !== undefined).map(([title, path]) => (
            <Panel key={title} title={title}>
              <StatsTable stats={stats} path={path} hidesZeros={title !== 'Datagrams'} />
            </Panel>
          ))}
      </div>
    </main>
  );
}
