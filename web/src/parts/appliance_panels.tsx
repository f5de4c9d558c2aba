// What the appliance's page says of cores, drops, memory and sinks, from the accounting.
import { bytesText, countText, exactText, secondsText, shareText } from '../format';
import { change } from '../router';
import { Notice, Panel } from './controls';
import { orderOf, SortableTable, type Column } from './sortable_table';
import { groupAt, labelOf, numberAt, type Stats } from './use_stats';

interface PanelProps {
  stats: Stats;
  params: URLSearchParams;
}
interface Named {
  name: string;
  at: (...path: string[]) => number; // a figure of it
}

const namedIn = (stats: Stats, ...group: string[]): Named[] =>
  Object.keys(groupAt(stats.now, ...group) ?? {}).map((name) => ({ name, at: (...path) => numberAt(stats.now, ...group, name, ...path) }));

const BUSY = 0.9;
const LONG_LOOP_SECONDS = 0.005; // what other workers' windows wait for

const CORES: Column<Named>[] = [
  { name: 'worker', label: 'Worker', value: (row) => row.name, cell: (row) => row.name },
  { name: 'cpu', label: 'CPU', value: (row) => row.at('cpu'), cell: (row) => row.at('cpu') },
  {
    name: 'busy',
    label: 'Busy',
    title: 'Share of the last second in loops that found work',
    value: (row) => row.at('busy_ratio'),
    cell: (row) => (
      <>
        <meter min={0} max={1} value={row.at('busy_ratio')} aria-hidden="true" /> {shareText(row.at('busy_ratio'))}
      </>
    ),
    isBad: (row) => row.at('busy_ratio') > BUSY,
  },
  { name: 'longest', label: 'Longest loop', title: 'Of the last second', value: (row) => row.at('longest_loop_seconds'), cell: (row) => shortText(row.at('longest_loop_seconds')), isBad: (row) => row.at('longest_loop_seconds') > LONG_LOOP_SECONDS },
  { name: 'ever', label: 'Since start', title: 'The longest loop since the start', value: (row) => row.at('longest_loop_ever_seconds'), cell: (row) => shortText(row.at('longest_loop_ever_seconds')) },
  { name: 'exporters', label: 'Exporters', value: (row) => row.at('exporters'), cell: (row) => exactText(row.at('exporters')) },
];

const shortText = (seconds: number): string => (seconds < 0.001 ? `${Math.round(seconds * 1e6)} µs` : seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : secondsText(seconds));

export function CoresPanel({ stats, params }: PanelProps) {
  return (
    <Panel title="Cores">
      <SortableTable columns={CORES} rows={namedIn(stats, 'workers')} keyOf={(row) => row.name} order={orderOf(params.get('cores'), 'worker')} onOrder={(cores) => change({ cores })} />
    </Panel>
  );
}

interface Drop {
  what: string;
  cause: string;
  count: number;
  rate: number;
}

const DROPS: [string, string[]][] = [
  ['datagrams', ['datagrams', 'dropped']],
  ['flow records', ['records', 'skipped']],
  ['sets', ['sets', 'skipped']],
  ['templates', ['templates_refused']],
];

const DROP_COLUMNS: Column<Drop>[] = [
  { name: 'cause', label: 'Cause', value: (row) => row.cause, cell: (row) => labelOf(row.cause) },
  { name: 'what', label: 'Of', value: (row) => row.what, cell: (row) => row.what },
  { name: 'count', label: 'So far', value: (row) => row.count, cell: (row) => exactText(row.count) },
  { name: 'rate', label: 'A second', value: (row) => row.rate, cell: (row) => (row.rate > 0 ? countText(row.rate) : '–'), isBad: (row) => row.rate > 0 },
];

/** Whatever was not counted, by its cause. */
export function DropsPanel({ stats, params }: PanelProps) {
  const drops = DROPS.flatMap(([what, path]): Drop[] =>
    Object.keys(groupAt(stats.now, ...path) ?? {}).map((cause) => {
      const count = numberAt(stats.now, ...path, cause);
      const grown = stats.before ? count - numberAt(stats.before, ...path, cause) : 0;
      return { what, cause, count, rate: Math.max(0, grown) / stats.seconds };
    }),
  ).filter(({ count }) => count > 0);
  return (
    <Panel title="Drops by cause">
      {drops.length === 0 ? (
        <Notice>Nothing was dropped.</Notice>
      ) : (
        <SortableTable columns={DROP_COLUMNS} rows={drops} keyOf={(row) => `${row.what} ${row.cause}`} order={orderOf(params.get('drops'), 'count')} onOrder={(by) => change({ drops: by })} />
      )}
    </Panel>
  );
}

interface Use {
  name: string;
  used: number;
  all: number;
  text: string;
}

/** What is taken of what there can be. */
export function MemoryPanel({ stats }: PanelProps) {
  const memory = (...path: string[]): number => numberAt(stats.now, 'memory', ...path);
  const uses: Use[] = [
    {
      name: memory('dpdk', 'in_hugepages') ? 'Hugepages' : 'DPDK, without hugepages',
      used: memory('dpdk', 'used'),
      all: memory('dpdk', 'reserved'),
      text: `${bytesText(memory('dpdk', 'used'))} of ${bytesText(memory('dpdk', 'reserved'))}`,
    },
    ...namedIn(stats, 'memory', 'pools').map(({ name, at }) => ({
      name: `Packet buffers of ${name}`,
      used: at('in_use'),
      all: at('buffers'),
      text: `${exactText(at('in_use'))} of ${exactText(at('buffers'))}, ${bytesText(at('bytes'))}`,
    })),
    {
      name: 'Host tables',
      used: memory('tables', 'all') - memory('tables', 'free'),
      all: memory('tables', 'all'),
      text: `${exactText(memory('tables', 'all') - memory('tables', 'free'))} of ${exactText(memory('tables', 'all'))}, at most ${bytesText(memory('tables', 'most_bytes'))}`,
    },
    {
      name: 'Hosts in the last window',
      used: memory('tables', 'hosts_of_last_window'),
      all: memory('tables', 'hosts_of_each'),
      text: `${exactText(memory('tables', 'hosts_of_last_window'))} of ${exactText(memory('tables', 'hosts_of_each'))}`,
    },
    {
      name: 'Sketches in the last window',
      used: memory('sketches', 'used_in_last_window'),
      all: memory('sketches', 'bytes_of_each_table'),
      text: `${bytesText(memory('sketches', 'used_in_last_window'))} of ${bytesText(memory('sketches', 'bytes_of_each_table'))}`,
    },
  ];
  return (
    <Panel title="Memory" aside={<small>{bytesText(memory('resident'))} resident, besides hugepages</small>}>
      <table class="figures">
        <tbody>
          {uses.map((use) => (
            <tr key={use.name} data-memory={use.name}>
              <th scope="row">{use.name}</th>
              <td>
                <meter min={0} max={Math.max(1, use.all)} value={use.used} aria-hidden="true" />
              </td>
              <td>{use.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

const BEHIND_WINDOWS = 2;

const SINKS: Column<Named>[] = [
  { name: 'sink', label: 'Sink', value: (row) => row.name, cell: (row) => row.name },
  { name: 'lag', label: 'Behind', title: 'Since the end of the oldest window that it has not had', value: (row) => row.at('lag', 'seconds'), cell: (row) => (row.at('windows', 'waiting') === 0 ? '–' : secondsText(row.at('lag', 'seconds'))) },
  { name: 'waiting', label: 'Windows', title: 'That wait for it, or are being written', value: (row) => row.at('windows', 'waiting'), cell: (row) => exactText(row.at('windows', 'waiting')), isBad: (row) => row.at('windows', 'waiting') > BEHIND_WINDOWS },
  { name: 'bytes', label: 'Stored for it', value: (row) => row.at('lag', 'bytes'), cell: (row) => bytesText(row.at('lag', 'bytes')) },
  { name: 'delay', label: 'Delay, p99', title: "From a window's end to its last record written", value: (row) => row.at('delay', 'p99_ms'), cell: (row) => secondsText(row.at('delay', 'p99_ms') / 1000) },
  { name: 'delivered', label: 'Records', value: (row) => row.at('records', 'delivered'), cell: (row) => exactText(row.at('records', 'delivered')) },
  { name: 'failed', label: 'Failed', title: 'Attempts to write a window', value: (row) => row.at('windows', 'failed'), cell: (row) => exactText(row.at('windows', 'failed')) },
  { name: 'lost', label: 'Given up', title: 'Records that were dropped or refused', value: (row) => row.at('records', 'dropped') + row.at('records', 'rejected'), cell: (row) => exactText(row.at('records', 'dropped') + row.at('records', 'rejected')), isBad: (row) => row.at('records', 'dropped') + row.at('records', 'rejected') > 0 },
];

export function SinksPanel({ stats, params }: PanelProps) {
  return (
    <Panel title="Sinks" isWide>
      <SortableTable columns={SINKS} rows={namedIn(stats, 'sinks')} keyOf={(row) => row.name} order={orderOf(params.get('sinks'), 'sink')} onOrder={(sinks) => change({ sinks })} />
    </Panel>
  );
}
