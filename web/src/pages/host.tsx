import { parseAddress, bitsOf } from '../address';
import { exactText } from '../format';
import type { Live } from '../live';
import { Notice, Panel } from '../parts/controls';
import { Series } from '../parts/series';
import { useAnswer } from '../parts/use_answer';
import { windowTime } from '../parts/time';
import { link, type Route } from '../router';
import type { Context, RoleFigures, SeriesAnswer, TopCount } from '../types';
import { mapLink } from './map';

export function HostPage({ live, route }: { live: Live; route: Route }) {
  const ip = route.params.get('ip') ?? '';
  const parsed = parseAddress(ip);
  const time = windowTime(live, route.params);
  const newest = useAnswer<SeriesAnswer>(
    'series',
    parsed && time.start !== null ? { host: ip, seconds: time.seconds, start: time.start } : null,
  );
  if (!parsed) {
    return (
      <main class="page">
        <Notice kind="problem">“{ip}” is not an address.</Notice>
      </main>
    );
  }
  const record = newest.answer?.records[0];
  // Also of a host that was never seen.
  const known = useAnswer<{ context: Context }>('context', parsed ? { host: ip } : null).answer?.context ?? {};
  return (
    <main class="page">
      <header class="title">
        <h1 class="address">{ip}</h1>
        {typeof known.name === 'string' && <span class="known">{known.name}</span>}
        {record?.host && <a href={link('network', { prefix: record.host.network })}>{record.host.network}</a>}
        <a href={mapLink({ family: parsed.family, base: parsed.value, length: bitsOf(parsed.family) })}>on the map</a>
      </header>
      {Object.keys(known).length > 0 && <KnownPanel known={known} />}
      <Series live={live} route={route} question={{ host: ip }} name={ip} />
      {record && (record.sent?.top_peers ?? record.received?.top_peers ?? record.sent?.top_dst_ports) && (
        <div class="columns">
          <Tops title="Sent" figures={record.sent} />
          <Tops title="Received" figures={record.received} />
        </div>
      )}
    </main>
  );
}

function KnownPanel({ known }: { known: Context }) {
  const textOf = (value: Context[string]): string => {
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return value.join(', ');
    return Object.entries(value)
      .map(([key, count]) => `${key} (${exactText(count)})`)
      .join(', ');
  };
  return (
    <Panel title="Context">
      <dl class="context">
        {Object.entries(known).map(([name, value]) => [
          <dt key={name}>{name}</dt>,
          <dd key={`${name}-value`} data-attribute={name}>
            {textOf(value)}
          </dd>,
        ])}
      </dl>
    </Panel>
  );
}

const countOf = (entry: TopCount): string => {
  const [name, value] = entry.flows !== undefined ? ['flows', entry.flows] : ['bytes', entry.bytes ?? 0];
  return `${exactText(value)} ${name}`;
};

function Tops({ title, figures }: { title: string; figures: RoleFigures | undefined }) {
  if (!figures) return null;
  const lists = [
    { name: 'Peers', error: figures.top_peers_error, entries: figures.top_peers?.map((each) => ({ name: each.ip, count: countOf(each) })) },
    { name: 'Destination ports', error: figures.top_dst_ports_error, entries: figures.top_dst_ports?.map((each) => ({ name: String(each.port), count: countOf(each) })) },
  ];
  return (
    <Panel title={`${title}, in the newest window`}>
      {lists.map(({ name, error, entries }) =>
        entries ? (
          <table class="figures" key={name}>
            <caption>
              {name}
              {error !== undefined && ` (each up to ${exactText(error)} more)`}
            </caption>
            <tbody>
              {entries.map((each) => (
                <tr key={each.name}>
                  <th scope="row">{name === 'Peers' ? <a href={link('host', { ip: each.name })}>{each.name}</a> : each.name}</th>
                  <td>{each.count}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : null,
      )}
    </Panel>
  );
}
