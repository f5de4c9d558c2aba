import type { StatsGroup } from '../types';
import { usePolled, type Polled } from './use_polled';

export type Stats = Polled<StatsGroup>;

/** A name of the accounting, for people. */
export const labelOf = (name: string): string => name.replace(/_/g, ' ');

/** The accounting, every two seconds. */
export const useStats = (): Stats => usePolled<StatsGroup>('stats');

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
