// Which window or range of time a page shows: from the address, or the newest.
import type { Live } from '../live';

export interface WindowTime {
  seconds: number; // length
  start: number | null; // milliseconds; null: none is there yet
  isLive: boolean;
}

export const lengthsOf = (live: Live): number[] => live.status?.lengths.map((each) => each.seconds) ?? [];

export function windowTime(live: Live, params: URLSearchParams): WindowTime {
  const lengths = lengthsOf(live);
  const asked = Number(params.get('seconds'));
  const seconds = lengths.includes(asked) ? asked : (lengths[0] ?? 10);
  const start = params.get('start');
  if (start) return { seconds, start: Date.parse(start), isLive: false };
  return { seconds, start: live.newest.get(seconds) ?? null, isLive: true };
}

export const DEFAULT_WINDOWS = 90;

/** Of a series: `from` and `to`, or the last windows. */
export function rangeTime(live: Live, params: URLSearchParams): { seconds: number; from: number; to: number; isLive: boolean } | null {
  const { seconds } = windowTime(live, params);
  const from = params.get('from');
  const to = params.get('to');
  if (from && to) return { seconds, from: Date.parse(from), to: Date.parse(to), isLive: false };
  const newest = live.newest.get(seconds);
  if (newest === undefined) return null;
  const end = newest + seconds * 1000;
  const count = Number(params.get('last')) || DEFAULT_WINDOWS;
  return { seconds, from: end - count * seconds * 1000, to: end, isLive: true };
}
