// Series of the API as columns for charts and tables.
import type { Role } from '../metrics';
import { figureOf } from '../metrics';
import type { RoleFigures, SeriesAnswer, TrafficRecord } from '../types';

export interface Row {
  start: number; // milliseconds
  record: TrafficRecord | null; // null: nothing was seen in that window
}

/** A row for each window that was read, in order; parts of one window become one. */
export function rowsOf(answer: SeriesAnswer): Row[] {
  const records = new Map<number, TrafficRecord>();
  for (const record of answer.records) {
    const start = Date.parse(record.window.start);
    const before = records.get(start);
    records.set(start, before ? unite(before, record) : record);
  }
  return answer.windows.map((text) => {
    const start = Date.parse(text);
    return { start, record: records.get(start) ?? null };
  });
}

function unite(a: TrafficRecord, b: TrafficRecord): TrafficRecord {
  return { ...a, sent: uniteRoles(a.sent, b.sent), received: uniteRoles(a.received, b.received) };
}

// Sums add up. Of distinct counts the larger is what is known for sure.
function uniteRoles(a: RoleFigures | undefined, b: RoleFigures | undefined): RoleFigures | undefined {
  if (!a || !b) return a ?? b;
  const add = <Counts extends Record<string, number>>(x: Counts, y: Counts): Counts =>
    Object.fromEntries(Object.entries(x).map(([name, value]) => [name, value + y[name]])) as Counts;
  const flows = a.flows + b.flows;
  const hasBoth = a.avg_duration !== undefined && b.avg_duration !== undefined;
  return {
    flows,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    avg_duration: hasBoth
      ? ((a.avg_duration as number) * a.flows + (b.avg_duration as number) * b.flows) / flows
      : (a.avg_duration ?? b.avg_duration),
    peers: Math.max(a.peers, b.peers),
    src_ports: Math.max(a.src_ports, b.src_ports),
    dst_ports: Math.max(a.dst_ports, b.dst_ports),
    tcp_flags: add(a.tcp_flags, b.tcp_flags),
    protocols: add(a.protocols, b.protocols),
  };
}

export type Pick = (row: Row) => number | null;

/** A count is 0 in a window without a record of it; a mean or a share is not there. */
export const pickFigure =
  (role: Role, metric: string): Pick =>
  ({ record }) => {
    const value = figureOf(metric, record?.[role]);
    return value ?? (metric === 'avg_duration' || metric.endsWith('_share') ? null : 0);
  };

export const pickPart =
  (role: Role, group: 'tcp_flags' | 'protocols', name: string): Pick =>
  ({ record }) =>
    (record?.[role]?.[group] as Record<string, number> | undefined)?.[name] ?? 0;

export const pickHosts: Pick = ({ record }) => record?.network?.hosts ?? 0;

/** Times in seconds and a list of values for each pick. Where windows are missing there is a gap. */
export function columnsOf(rows: Row[], seconds: number, picks: Pick[]): [number[], ...(number | null)[][]] {
  const times: number[] = [];
  const columns = picks.map((): (number | null)[] => []);
  const put = (ms: number, row: Row | null): void => {
    times.push(ms / 1000);
    picks.forEach((pick, i) => columns[i].push(row ? pick(row) : null));
  };
  rows.forEach((row, i) => {
    put(row.start, row);
    const end = row.start + seconds * 1000;
    if (i + 1 < rows.length && rows[i + 1].start > end) put(end, null);
  });
  return [times, ...columns];
}

const CSV_ROLE = ['flows', 'packets', 'bytes', 'avg_duration', 'peers', 'src_ports', 'dst_ports'];

export function csvOf(rows: Row[]): string {
  const names: string[] = ['start'];
  const picks: ((row: Row) => string | number | null)[] = [({ start }) => new Date(start).toISOString()];
  for (const role of ['sent', 'received'] as const) {
    for (const metric of CSV_ROLE) {
      names.push(`${role}_${metric}`);
      picks.push(pickFigure(role, metric));
    }
    for (const [group, parts] of [
      ['tcp_flags', ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']],
      ['protocols', ['tcp', 'udp', 'icmp', 'other']],
    ] as const) {
      for (const name of parts) {
        names.push(`${role}_${name}`);
        picks.push(pickPart(role, group, name));
      }
    }
  }
  const lines = rows.map((row) => picks.map((pick) => pick(row) ?? '').join(','));
  return [names.join(','), ...lines, ''].join('\n');
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
