// Host or network records of one window, with the figures of one role; columns that can be ranked by are buttons.
import { exactText, shareText } from '../format';
import { figureOfRecord, metricOf, type Role } from '../metrics';
import { link } from '../router';
import type { TrafficRecord } from '../types';

const COLUMNS = ['bytes', 'packets', 'flows', 'peers', 'dst_ports', 'src_ports', 'avg_duration', 'syn_share', 'rst_share'];

export const nameOfRecord = (record: TrafficRecord): string => record.host?.ip ?? record.network?.prefix ?? '';

export function RecordTable(props: { records: TrafficRecord[]; role: Role; by: string; onBy?: (metric: string) => void; seconds: number; names?: Record<string, string> }) {
  const { records, role, by } = props;
  const columns = COLUMNS.includes(by) || by === 'hosts' ? COLUMNS : [by, ...COLUMNS];
  const most = Math.max(...records.map((record) => figureOfRecord(by, record, role) ?? 0), 0);
  return (
    <div class="scroll">
      <table class="figures ranked">
        <thead>
          <tr>
            <th>{records[0]?.network ? 'Network' : 'Host'}</th>
            {columns.map((name) => (
              <th key={name} aria-sort={name === by ? 'descending' : 'none'}>
                {props.onBy ? <button onClick={() => props.onBy?.(name)}>{metricOf(name).label}</button> : metricOf(name).label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <tr key={nameOfRecord(record) + record.window.start}>
              <th scope="row">
                <a href={targetOf(record, props.seconds)}>{nameOfRecord(record)}</a>
                {props.names?.[nameOfRecord(record)] && <span class="known">{props.names[nameOfRecord(record)]}</span>}
              </th>
              {columns.map((name) => figureCell(record, role, name, name === by ? most : 0))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const targetOf = (record: TrafficRecord, seconds: number): string =>
  record.host ? link('host', { ip: record.host.ip, seconds }) : link('network', { prefix: record.network?.prefix, seconds });

function figureCell(record: TrafficRecord, role: Role, name: string, most: number) {
  const value = figureOfRecord(name, record, role);
  const text = value === null ? '–' : metricOf(name).isShare ? shareText(value) : name === 'deviation' ? metricOf(name).text(value) : exactText(value);
  const bar = most > 0 && value !== null ? { '--bar': `${(100 * value) / most}%` } : undefined;
  return (
    <td key={name} data-figure={name} class={bar ? 'ranked-by' : ''} style={bar}>
      {text}
    </td>
  );
}
