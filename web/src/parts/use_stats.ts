import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api';
import type { StatsGroup } from '../types';

const PERIOD_MS = 2000;

export interface Stats {
  now: StatsGroup | null;
  before: StatsGroup | null;
  seconds: number; // between the two
  problem: string;
}

/** The accounting, every two seconds. */
export function useStats(): Stats {
  const [stats, set] = useState<Stats & { at: number }>({ now: null, before: null, seconds: 1, problem: '', at: 0 });
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const poll = async (): Promise<void> => {
      try {
        const now = await ask<StatsGroup>('stats', {}, abort.signal);
        const at = performance.now();
        set((old) => ({ now, before: old.now, seconds: Math.max(0.1, (at - old.at) / 1000), problem: '', at }));
      } catch (error) {
        if (!abort.signal.aborted) set((old) => ({ ...old, before: null, problem: (error as Error).message }));
      }
      if (!abort.signal.aborted) timer = window.setTimeout(() => void poll(), PERIOD_MS);
    };
    void poll();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return stats;
}

const walk = (group: StatsGroup | null, path: string[]): number | StatsGroup | undefined =>
  path.reduce<number | StatsGroup | undefined>((at, name) => (typeof at === 'object' ? at[name] : undefined), group ?? undefined);

export const groupAt = (group: StatsGroup | null, ...path: string[]): StatsGroup | null => {
  const found = walk(group, path);
  return typeof found === 'object' ? found : null;
};

export const numberAt = (group: StatsGroup | null, ...path: string[]): number => {
  const found = walk(group, path);
  return typeof found === 'number' ? found : 0;
};
