import { countText, exactText } from '../format';
import type { StatsGroup } from '../types';
import { groupAt, labelOf, type Stats } from './use_stats';

// What is no count since start, so that its growth says nothing.
const GAUGES = /(^|\.)(lag|delay|waiting|stored|active|subscribers|connections)(\.|$)/;

/** The counts of a group of the accounting, groups in it indented, with what each grew by in a second. */
export function StatsTable({ stats, path, hidesZeros }: { stats: Stats; path: string[]; hidesZeros?: boolean }) {
  const now = groupAt(stats.now, ...path);
  const before = groupAt(stats.before, ...path);
  if (!now) return <p class="faint">none</p>;
  const rows = flatten(now, before, stats.seconds, 0).filter((row) => !hidesZeros || row.value !== 0 || row.value === null);
  if (rows.every((row) => row.value === null)) return <p class="faint">none</p>;
  return (
    <table class="figures">
      <tbody>
        {rows.map((row) => (
          <tr key={row.key} class={row.value === null ? 'group' : ''}>
            <th scope="row" style={{ paddingLeft: `${0.5 + row.depth}em` }}>
              {labelOf(row.name)}
            </th>
            <td data-count={row.key}>{row.value === null ? '' : exactText(row.value)}</td>
            <td class="faint">{row.rate ? `${countText(row.rate)}/s` : ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface StatsRow {
  key: string;
  name: string;
  depth: number;
  value: number | null; // null: the name of a group
  rate: number;
}

function flatten(now: StatsGroup, before: StatsGroup | null, seconds: number, depth: number, prefix = ''): StatsRow[] {
  return Object.entries(now).flatMap(([name, value]): StatsRow[] => {
    const key = prefix + name;
    const old = before?.[name];
    if (typeof value === 'number') {
      const isCounter = !GAUGES.test(key);
      const rate = isCounter && typeof old === 'number' && value > old ? (value - old) / seconds : 0;
      return [{ key, name, depth, value, rate }];
    }
    const inner = flatten(value, typeof old === 'object' ? old : null, seconds, depth + 1, `${key}.`);
    return [{ key, name, depth, value: null, rate: 0 }, ...inner];
  });
}
