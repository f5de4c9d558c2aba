import { countText, exactText } from '../format';
import { CoresPanel, DropsPanel, MemoryPanel, SinksPanel } from '../parts/appliance_panels';
import { Notice, Panel } from '../parts/controls';
import { StatsTable } from '../parts/stats_table';
import { groupAt, numberAt, useStats, type Stats } from '../parts/use_stats';
import type { Route } from '../router';

// What the exporters' page has, and what has a panel of its own.
const ELSEWHERE = ['records', 'templates', 'templates_refused', 'sequence', 'sequence_gaps', 'sets', 'exporters', 'messages', 'hosts', 'workers', 'memory', 'sinks', 'ports'];

export function AppliancePage({ route }: { route: Route }) {
  const stats = useStats();
  const sinks = Object.keys(groupAt(stats.now, 'sinks') ?? {});
  const ports = Object.keys(groupAt(stats.now, 'ports') ?? {});
  const others = Object.entries(stats.now ?? {}).filter(
    ([name, value]) => typeof value === 'object' && !ELSEWHERE.includes(name),
  );
  return (
    <main class="page">
      <header class="title">
        <h1>Appliance</h1>
      </header>
      {stats.problem && <Notice kind="problem">{stats.problem}</Notice>}
      {stats.now && (
        <>
          <Gauges stats={stats} />
          <div class="panels">
            <div class="stack">
              <CoresPanel stats={stats} params={route.params} />
              <DropsPanel stats={stats} params={route.params} />
            </div>
            <MemoryPanel stats={stats} params={route.params} />
            <SinksPanel stats={stats} params={route.params} />
          </div>
          <div class="columns">
            {ports.map((name) => (
              <Panel key={name} title={`Port ${name}`}>
                <StatsTable stats={stats} path={['ports', name]} hidesZeros />
              </Panel>
            ))}
            {sinks.map((name) => (
              <Panel key={name} title={name}>
                <StatsTable stats={stats} path={['sinks', name]} />
              </Panel>
            ))}
            {others.map(([name]) => (
              <Panel key={name} title={name[0].toUpperCase() + name.slice(1).replace(/_/g, ' ')}>
                <StatsTable stats={stats} path={[name]} />
              </Panel>
            ))}
          </div>
        </>
      )}
    </main>
  );
}

function Gauges({ stats }: { stats: Stats }) {
  const rate = (...path: string[]): number =>
    stats.before ? Math.max(0, numberAt(stats.now, ...path) - numberAt(stats.before, ...path)) / stats.seconds : 0;
  const dropped = Object.values(groupAt(stats.now, 'datagrams', 'dropped') ?? {}).reduce<number>((sum, value) => sum + Number(value), 0);
  const waiting = Object.keys(groupAt(stats.now, 'sinks') ?? {}).map((name) => numberAt(stats.now, 'sinks', name, 'windows', 'waiting'));
  const gauges: [string, string][] = [
    ['Datagrams a second', countText(rate('datagrams', 'received'))],
    ['Flow records a second', countText(rate('records', 'counted'))],
    ['Datagrams dropped', exactText(dropped)],
    ['Exporters', exactText(numberAt(stats.now, 'exporters', 'active'))],
    ['Windows that wait for a sink', exactText(Math.max(0, ...waiting))],
  ];
  return (
    <dl class="gauges">
      {gauges.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
