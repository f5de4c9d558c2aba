import { formatPrefix, parsePrefix, type Prefix } from '../address';
import { metricOf, type Role } from '../metrics';
import type { Live } from '../live';
import { Choice, Notice, Panel } from '../parts/controls';
import { RecordTable } from '../parts/record_table';
import { Series } from '../parts/series';
import { windowTime } from '../parts/time';
import { useAnswer } from '../parts/use_answer';
import { change, type Route } from '../router';
import type { RecordsAnswer } from '../types';
import { mapLink } from './map';

const SHOWN = 25;

export function NetworkPage({ live, route }: { live: Live; route: Route }) {
  const text = route.params.get('prefix') ?? live.status?.networks[0] ?? '';
  const prefix = parsePrefix(text);
  if (!prefix) {
    return (
      <main class="page">
        <Notice kind="problem">“{text}” is not a prefix.</Notice>
      </main>
    );
  }
  const name = formatPrefix(prefix);
  return (
    <main class="page">
      <header class="title">
        <h1 class="address">{name}</h1>
        <a href={mapLink(prefix)}>on the map</a>
      </header>
      <Series
        live={live}
        route={route}
        question={{ prefix: name }}
        name={name.replace('/', '-')}
        note={(answer) =>
          answer.distinct === 'union'
            ? 'peers and ports are distinct over the whole network'
            : 'peers and ports are the largest of one host in it, since there are no records of this prefix'
        }
      />
      <Inside live={live} route={route} prefix={prefix} />
    </main>
  );
}

function Inside({ live, route, prefix }: { live: Live; route: Route; prefix: Prefix }) {
  const { seconds, start } = windowTime(live, route.params);
  const role = (route.params.get('role') === 'received' ? 'received' : 'sent') as Role;
  const by = metricOf(route.params.get('by')).name;
  const name = formatPrefix(prefix);
  const question = start === null ? null : { role, by, seconds, start, n: SHOWN };
  const levels = prefix.family === 4 ? live.status?.levels.ipv4 : live.status?.levels.ipv6;
  const level = levels?.filter((each) => each > prefix.length).sort((a, b) => a - b)[0];
  const hosts = useAnswer<RecordsAnswer>('top', question && { ...question, prefix: name });
  const networks = useAnswer<RecordsAnswer>('networks', question && level !== undefined ? { ...question, within: name, level } : null);
  const choose = (metric: string): void => change({ by: metric });
  return (
    <>
      <div class="toolbar">
        <Choice
          label="Role"
          value={role}
          options={[
            ['sent', 'Sent'],
            ['received', 'Received'],
          ]}
          onChange={(value) => change({ role: value })}
        />
      </div>
      {[
        { title: 'Busiest hosts', asked: hosts },
        ...(level === undefined ? [] : [{ title: `Busiest /${level} networks`, asked: networks }]),
      ].map(({ title, asked }) => (
        <Panel key={title} title={title}>
          {asked.problem && <Notice kind="problem">{asked.problem}</Notice>}
          {asked.answer && asked.answer.records.length === 0 && <Notice>None in the newest window.</Notice>}
          {asked.answer && asked.answer.records.length > 0 && (
            <RecordTable records={asked.answer.records} role={role} by={by} onBy={choose} seconds={seconds} />
          )}
        </Panel>
      ))}
    </>
  );
}
