// What the server answers: docs/openapi.yaml, docs/records.md.

export interface RoleFigures {
  flows: number;
  packets: number;
  bytes: number;
  avg_duration?: number;
  peers: number;
  src_ports: number;
  dst_ports: number;
  tcp_flags: Record<'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr', number>;
  protocols: Record<'tcp' | 'udp' | 'icmp' | 'other', number>;
  top_peers?: ({ ip: string } & TopCount)[];
  top_peers_error?: number;
  top_dst_ports?: ({ port: number } & TopCount)[];
  top_dst_ports_error?: number;
}
export interface TopCount {
  flows?: number;
  bytes?: number;
}
interface WindowHead {
  '@timestamp': string;
  window: { start: string; end: string; seconds: number };
  partial?: boolean;
}
export interface TrafficRecord extends WindowHead {
  host?: { ip: string; network: string };
  network?: { prefix: string; level: number; monitored: boolean; within?: string; hosts: number; incomplete?: boolean };
  sent?: RoleFigures;
  received?: RoleFigures;
  deviation?: number; // from the host's profile
}
export interface AnomalyRecord extends WindowHead {
  host: { ip: string };
  anomaly: {
    id: string;
    state: 'open' | 'update' | 'close';
    kind: string;
    figure: string;
    expected: number;
    seen: number;
    score: number;
    confidence: string;
    since: string;
    end?: string;
  };
}
export interface AnomaliesAnswer {
  records: AnomalyRecord[];
  read: Cost;
}
export interface WindowRecord extends WindowHead {
  summary: {
    hosts: number;
    other_hosts: number;
    flows: number;
    packets: number;
    bytes: number;
    exporters: number;
    dropped: number;
    sequence_loss: number;
    sampled_share: number;
  };
}
/** Attributes by name: a text, how often each text was told, or the texts told last. */
export type Context = Record<string, string | Record<string, number> | string[]>;
export interface AttributesAnswer {
  attributes: { name: string; entries: number }[];
}
export interface ValuesAnswer {
  attribute: string;
  values: { value: string; entries: number }[];
  others: number;
}
export interface Cost {
  windows: number;
  rows: number;
  damaged: number;
}
export interface Status {
  observer: { name: string };
  version: string;
  history: string;
  networks: string[];
  levels: { ipv4: number[]; ipv6: number[] };
  profiles?: { seconds: number }; // of the windows that they are made of
  lengths: { seconds: number; windows: number; oldest?: string; newest?: string }[];
  limits: { windows: number; rows: number; depth: number; records: number };
}
export interface TileAnswer {
  prefix: string;
  depth: number;
  seconds: number;
  from: string;
  to: string;
  cells: number[];
  values: Record<string, (number | null)[]>;
  attributes?: Record<string, (string | null)[]>;
  read: Cost;
}
export interface SeriesAnswer {
  host?: string;
  prefix?: string;
  distinct?: 'union' | 'largest host';
  context?: Context;
  seconds: number;
  from: string;
  to: string;
  windows: string[];
  records: TrafficRecord[];
  read: Cost;
}
export interface HostsAnswer extends RecordsAnswer {
  names?: Record<string, string>; // of those hosts that have one
}
export interface RecordsAnswer {
  seconds: number;
  from: string;
  to: string;
  records: TrafficRecord[];
  read: Cost;
}
export interface WindowsAnswer {
  records: WindowRecord[];
  read: Cost;
}
export interface SearchAnswer {
  found?: { prefix: string; host?: string; name: string }[]; // by name
  host?: string;
  prefix?: string;
  network?: string | null;
  last_seen?: { start: string; seconds: number };
  records?: TrafficRecord[];
}
/** An address that sends, or one observation domain behind a source port of it. */
export interface ExporterRow {
  address: string;
  name: string;
  source_ports: number[];
  domains: number[];
  versions: number[];
  workers: number[];
  exporters: number;
  last_received: string | null;
  rate: { datagrams: number; records: number };
  datagrams: { received: number; decoded: number; dropped: Record<string, number> };
  records: { seen: number; counted: number; skipped: Record<string, number> };
  sequence: { expected: number; lost: number; gaps: number; resets: number };
  sampling: { applied: number[]; announced: number[]; origins: ('announced' | 'configured' | 'ignored')[] };
  templates: {
    known: number;
    last_received: string | null;
    refused: number;
    refusals: Record<string, number>;
    held_sets: number;
    held_bytes: number;
    unknown_sets: number;
  };
  clock_offset_seconds: number;
}
export interface ExportersAnswer {
  time: string;
  exporters: number;
  rows: ExporterRow[];
}
/** Counts in named groups. */
export interface StatsGroup {
  [name: string]: number | StatsGroup;
}
