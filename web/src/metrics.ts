import type { RoleFigures, TrafficRecord } from './types';
import { bytesText, countText, secondsText, shareText } from './format';

export type Role = 'sent' | 'received';

export interface Metric {
  name: string; // as the API has it
  label: string;
  text: (value: number) => string;
  isShare?: boolean;
  hint?: string;
}

const largest = 'of a prefix: the largest of any one host in it';
const flag = (name: string): Metric => ({
  name: `${name}_share`,
  label: `TCP flows with ${name.toUpperCase()}`,
  text: shareText,
  isShare: true,
});

export const METRICS: Metric[] = [
  { name: 'bytes', label: 'Bytes', text: bytesText },
  { name: 'packets', label: 'Packets', text: countText },
  { name: 'flows', label: 'Flow records', text: countText },
  { name: 'hosts', label: 'Hosts', text: countText },
  { name: 'peers', label: 'Peers', text: countText, hint: largest },
  { name: 'dst_ports', label: 'Destination ports', text: countText, hint: largest },
  { name: 'src_ports', label: 'Source ports', text: countText, hint: largest },
  { name: 'avg_duration', label: 'Mean duration', text: secondsText },
  { name: 'deviation', label: 'Deviation from profile', text: (value) => value.toFixed(1), hint: largest },
  flag('syn'),
  flag('rst'),
  flag('fin'),
  flag('psh'),
  flag('ack'),
  flag('urg'),
  flag('ece'),
  flag('cwr'),
];

export const metricOf = (name: string | null): Metric => METRICS.find((each) => each.name === name) ?? METRICS[0];

export const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;
export const PROTOCOLS = ['tcp', 'udp', 'icmp', 'other'] as const;

/** What a record of the API says of a metric in one role; null where it says nothing. */
export function figureOf(metric: string, role: RoleFigures | undefined): number | null {
  if (!role) return null;
  if (metric.endsWith('_share')) {
    const flags = role.tcp_flags as Record<string, number>;
    return role.protocols.tcp > 0 ? flags[metric.slice(0, 3)] / role.protocols.tcp : null;
  }
  const value = (role as unknown as Record<string, number | undefined>)[metric];
  return value ?? null;
}

/** The same of a record, whose deviation is of both roles together. */
export const figureOfRecord = (metric: string, record: TrafficRecord, role: Role): number | null =>
  metric === 'deviation' ? (record.deviation ?? null) : figureOf(metric, record[role]);
