import { Notice, Panel } from '../parts/controls';
import { StatsTable } from '../parts/stats_table';
import { useStats } from '../parts/use_stats';

const GROUPS: [string, string[]][] = [
  ['Datagrams', ['datagrams']],
  ['Flow records', ['records']],
  ['Templates', ['templates']],
  ['Sets', ['sets']],
  ['Sequence numbers', ['sequence']],
  ['Exporters', ['exporters']],
];

/** What exporters sent and what became of it. */
export function ExportersPage() {
  const stats = useStats();
  return (
    <main class="page">
      <header class="title">
        <h1>Exporters</h1>
      </header>
      {stats.problem && <Notice kind="problem">{stats.problem}</Notice>}
      <div class="columns">
        {stats.now &&
          GROUPS.filter(([, path]) => stats.now?.[path[0]] !== undefined).map(([title, path]) => (
            <Panel key={title} title={title}>
              <StatsTable stats={stats} path={path} hidesZeros={title !== 'Datagrams'} />
            </Panel>
          ))}
      </div>
    </main>
  );
}
