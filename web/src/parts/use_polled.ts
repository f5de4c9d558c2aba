import { useEffect, useState } from 'preact/hooks';
import { ask, type Parameters } from '../api';

const PERIOD_MS = 2000;

export interface Polled<Answer> {
  now: Answer | null;
  before: Answer | null; // the one before, for what grew
  seconds: number; // between the two
  problem: string;
}

/** Asks every two seconds. */
export function usePolled<Answer>(path: string, parameters: Parameters = {}): Polled<Answer> {
  const [polled, set] = useState<Polled<Answer> & { at: number }>({ now: null, before: null, seconds: 1, problem: '', at: 0 });
  const question = JSON.stringify(parameters);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    let isFirst = true; // of this question
    const poll = async (): Promise<void> => {
      try {
        const now = await ask<Answer>(path, JSON.parse(question) as Parameters, abort.signal);
        const at = performance.now();
        const hasBefore = !isFirst;
        isFirst = false;
        set((old) => ({ now, before: hasBefore ? old.now : null, seconds: Math.max(0.1, (at - old.at) / 1000), problem: '', at }));
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
  }, [path, question]);
  return polled;
}
