// What the server says by itself: windows as they close. One connection for the whole console, which comes back by
// itself, a little later each time.
import { useEffect, useState } from 'preact/hooks';
import { apiPath, ask } from './api';
import type { Status, WindowRecord } from './types';

export interface Live {
  isConnected: boolean;
  problem: string; // why not, for people
  status: Status | null;
  newest: ReadonlyMap<number, number>; // start of the newest window, milliseconds, by length in seconds
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;

let live: Live = { isConnected: false, problem: '', status: null, newest: new Map() };
let pause = FIRST_PAUSE_MS;
const listeners = new Set<() => void>();
const windowListeners = new Set<(record: WindowRecord) => void>();

function change(part: Partial<Live>): void {
  live = { ...live, ...part };
  for (const tell of listeners) tell();
}

function noteWindow(record: WindowRecord): void {
  const start = Date.parse(record.window.start);
  if (start < (live.newest.get(record.window.seconds) ?? -Infinity)) return;
  change({ newest: new Map(live.newest).set(record.window.seconds, start) });
  for (const tell of windowListeners) tell(record);
}

async function refreshStatus(): Promise<void> {
  const status = await ask<Status>('status');
  const newest = new Map<number, number>();
  for (const length of status.lengths) {
    if (length.newest) newest.set(length.seconds, Date.parse(length.newest));
  }
  change({ status, newest });
}

function retry(problem: string): void {
  change({ isConnected: false, problem });
  setTimeout(connect, pause);
  pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
}

export async function connect(): Promise<void> {
  try {
    await refreshStatus();
  } catch (error) {
    retry((error as Error).message);
    return;
  }
  const source = new EventSource(apiPath('events'));
  source.onopen = () => {
    pause = FIRST_PAUSE_MS;
    change({ isConnected: true, problem: '' });
    // A window may have closed between the two.
    refreshStatus().catch(() => undefined);
  };
  source.addEventListener('window', (event) => noteWindow(JSON.parse((event as MessageEvent<string>).data)));
  source.onerror = () => {
    source.close();
    retry('The server does not answer.');
  };
}

export function useLive(): Live {
  const [, redraw] = useState(0);
  useEffect(() => {
    const tell = (): void => redraw((n) => n + 1);
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return live;
}

export function useWindows(listener: (record: WindowRecord) => void): void {
  useEffect(() => {
    windowListeners.add(listener);
    return () => void windowListeners.delete(listener);
  }, [listener]);
}
