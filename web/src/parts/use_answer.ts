import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask, isAbort, type Parameters } from '../api';

export interface Asked<Answer> {
  answer: Answer | null; // the last good one, also while the next is fetched
  problem: string;
  isLoading: boolean;
  again: () => void;
}

/** Asks when the question changes; null asks nothing. */
export function useAnswer<Answer>(path: string, parameters: Parameters | null): Asked<Answer> {
  const [state, set] = useState<Omit<Asked<Answer>, 'again'>>({ answer: null, problem: '', isLoading: false });
  const [count, setCount] = useState(0);
  const question = parameters === null ? null : JSON.stringify(parameters);
  useEffect(() => {
    if (question === null) return undefined;
    const abort = new AbortController();
    set((old) => ({ ...old, isLoading: true }));
    ask<Answer>(path, JSON.parse(question) as Parameters, abort.signal).then(
      (answer) => set({ answer, problem: '', isLoading: false }),
      (error) => {
        if (!isAbort(error)) set({ answer: null, problem: (error as Error).message, isLoading: false });
      },
    );
    return () => abort.abort();
  }, [path, question, count]);
  const again = useCallback(() => setCount((n) => n + 1), []);
  return { ...state, again };
}
