import 'leaflet/dist/leaflet.css';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ALL_IPV4, contains, formatPrefix, isHost, mask, nameOf, parsePrefix, part, type Prefix } from '../address';
import { exactText } from '../format';
import type { Live } from '../live';
import { AddressMap, levelsBelow } from '../map/address_map';
import { colorOfValue, paletteOf, VALUE_COLORS, type Palette, type Scale } from '../map/colors';
import type { Layout } from '../map/layout';
import { NAME, type Cell, type MapQuery } from '../map/tile_layer';
import { Timeline } from '../map/timeline';
import { METRICS, metricOf, type Role } from '../metrics';
import { Choice, Notice, Select } from '../parts/controls';
import { lengthsOf, windowTime } from '../parts/time';
import { useAnswer } from '../parts/use_answer';
import { change, link, type Route } from '../router';
import { lengthText, isoText } from '../format';
import type { AttributesAnswer, ValuesAnswer } from '../types';

const LAYOUTS: readonly (readonly [Layout, string])[] = [
  ['z', 'Z-order'],
  ['hilbert', 'Hilbert'],
  ['octets', 'Octets'],
];
const PALETTES: readonly (readonly [Palette, string])[] = [
  ['viridis', 'Viridis'],
  ['cividis', 'Cividis'],
];
const ROLES: readonly (readonly [Role, string])[] = [
  ['sent', 'Sent'],
  ['received', 'Received'],
];

const ATTRIBUTE = 'attribute:'; // before the names of attributes, which may be those of figures

function oneOf<Value extends string>(options: readonly (readonly [Value, string])[], value: string | null): Value {
  return options.find(([name]) => name === value)?.[0] ?? options[0][0];
}

/** Prefixes that a map may have at its root: IPv4, and each monitored network of IPv6. */
function rootsOf(live: Live): Prefix[] {
  const ipv6 = (live.status?.networks ?? [])
    .map(parsePrefix)
    .filter((each): each is Prefix => each !== null && each.family === 6)
    .map((each) => mask(6, each.base, each.length - (each.length % 2)));
  const has4 = !live.status || live.status.networks.some((text) => !text.includes(':'));
  return [...(has4 || ipv6.length === 0 ? [ALL_IPV4] : []), ...ipv6];
}

export function MapPage({ live, route }: { live: Live; route: Route }) {
  const { params } = route;
  const roots = rootsOf(live);
  const root = parsePrefix(params.get('root') ?? '') ?? roots[0];
  const time = windowTime(live, params);
  const metric = metricOf(params.get('metric'));
  const attribute = params.get('attribute') ?? '';
  const attributes = useAnswer<AttributesAnswer>('context', {}).answer?.attributes.map((each) => each.name) ?? [];
  const asked = useAnswer<ValuesAnswer>('context', attribute ? { attribute, n: VALUE_COLORS.length } : null);
  const values = asked.answer?.attribute === attribute ? asked.answer : null;
  const wantsOctets = params.get('layout') === 'octets' && root.family === 4 && root.length === 0;
  const layout = wantsOctets ? 'octets' : oneOf(LAYOUTS.slice(0, 2), params.get('layout'));
  const query: MapQuery | null =
    time.start === null
      ? null
      : {
          root,
          layout,
          metric: metric.name,
          role: oneOf(ROLES, params.get('role')),
          seconds: time.seconds,
          start: time.start,
          isLog: params.get('scale') !== 'linear',
          palette: oneOf(PALETTES, params.get('palette')),
          attribute,
          values: values?.values.map((each) => each.value) ?? [],
          hasNames: attributes.includes(NAME),
        };
  const [scale, setScale] = useState<Scale>({ isLog: true, min: 1, max: 1 });
  const lengths = lengthsOf(live).map((each) => [String(each), lengthText(each)] as const);
  return (
    <main class="map-page">
      <MapView live={live} route={route} query={query} onScale={setScale} />
      <aside class="map-controls" aria-label="What the map shows">
        {roots.length > 1 || root.family === 6 ? (
          <Select
            label="Address space"
            value={formatPrefix(roots.find((each) => contains(each, root)) ?? root)}
            options={roots.map((each) => [formatPrefix(each), each.family === 4 ? 'IPv4' : `IPv6 ${formatPrefix(each)}`] as const)}
            onChange={(value) => change({ root: value, at: null, zoom: null }, true)}
          />
        ) : null}
        <Select
          label="Colour"
          value={attribute ? ATTRIBUTE + attribute : metric.name}
          options={[
            ...METRICS.map((each) => [each.name, each.label] as const),
            ...[...new Set([...attributes, attribute])].filter(Boolean).map((name) => [ATTRIBUTE + name, `Attribute ${name}`] as const),
          ]}
          onChange={(value) => change(value.startsWith(ATTRIBUTE) ? { attribute: value.slice(ATTRIBUTE.length) } : { metric: value, attribute: null })}
        />
        <Choice label="Role" value={oneOf(ROLES, params.get('role'))} options={ROLES} onChange={(role) => change({ role })} />
        <Select label="Window" value={String(time.seconds)} options={lengths} onChange={(seconds) => change({ seconds, start: null })} />
        <Choice
          label="Order"
          value={layout}
          options={root.family === 4 && root.length === 0 ? LAYOUTS : LAYOUTS.slice(0, 2)}
          onChange={(value) => change({ layout: value })}
        />
        <Choice
          label="Scale"
          value={params.get('scale') === 'linear' ? 'linear' : 'log'}
          options={[
            ['log', 'Log'],
            ['linear', 'Linear'],
          ]}
          onChange={(value) => change({ scale: value })}
        />
        <Choice label="Palette" value={oneOf(PALETTES, params.get('palette'))} options={PALETTES} onChange={(palette) => change({ palette })} />
        {attribute ? <ValuesLegend values={values} /> : <Legend scale={scale} palette={oneOf(PALETTES, params.get('palette'))} metric={metric} />}
      </aside>
      <Timeline live={live} time={time} />
    </main>
  );
}

function Legend({ scale, palette, metric }: { scale: Scale; palette: Palette; metric: ReturnType<typeof metricOf> }) {
  const colors = paletteOf(palette);
  const steps = colors.filter((_, i) => i % 15 === 0).join(',');
  const middle = scale.isLog ? Math.sqrt(scale.min * scale.max) : (scale.min + scale.max) / 2;
  return (
    <figure class="legend">
      <div style={{ background: `linear-gradient(to right, ${steps})` }} />
      <figcaption>
        {[scale.min, middle, scale.max].map((value, i) => (
          <span key={i}>{metric.text(value)}</span>
        ))}
      </figcaption>
      {metric.hint && <small>{metric.hint}</small>}
    </figure>
  );
}

function ValuesLegend({ values }: { values: ValuesAnswer | null }) {
  const named = values?.values.map((each) => each.value) ?? [];
  const rows = [
    ...named.map((value) => ({ value, text: value })),
    ...(values?.others ? [{ value: undefined, text: `${exactText(values.others)} other values` }] : []),
    { value: null, text: 'not known' },
  ];
  return (
    <figure class="legend">
      <ul>
        {rows.map(({ value, text }) => (
          <li key={text} data-value={value ?? undefined}>
            <i style={{ background: value === undefined ? colorOfValue([], '') : colorOfValue(named, value) }} />
            {text}
          </li>
        ))}
      </ul>
      <small>of a prefix: what most in it have</small>
    </figure>
  );
}

interface Hover {
  cell: Cell;
  x: number;
  y: number;
}

function MapView(props: { live: Live; route: Route; query: MapQuery | null; onScale: (scale: Scale) => void }) {
  const { query, route, live } = props;
  const element = useRef<HTMLDivElement>(null);
  const map = useRef<AddressMap | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [hover, setHover] = useState<Hover | null>(null);
  const [centre, setCentre] = useState<Prefix | null>(null);
  const [state, setState] = useState({ loading: 0, problem: '' });
  const isReady = query !== null;

  const open = useCallback((cell: Cell): void => {
    const { query: shown } = latest.current;
    if (isHost(cell.prefix)) location.hash = link('host', { ip: nameOf(cell.prefix), seconds: shown?.seconds });
    else change({ root: formatPrefix(cell.prefix), at: null, zoom: null }, true);
  }, []);

  useEffect(() => {
    if (!isReady || !element.current || !latest.current.query) return undefined;
    const made = new AddressMap(element.current, latest.current.query, {
      onScale: (scale) => latest.current.onScale(scale),
      onState: (loading, problem) => setState({ loading, problem }),
      onHover: (cell, at) => setHover(cell && at ? { cell, x: at.x, y: at.y } : null),
      onOpen: open,
      onMove: (prefix, zoom) => {
        setCentre(prefix);
        change({ at: formatPrefix(prefix), zoom });
      },
    });
    map.current = made;
    placeView(made, latest.current.route.params, latest.current.query.root, live);
    return () => {
      map.current = null;
      made.remove();
    };
  }, [isReady]);

  useEffect(() => {
    if (query) map.current?.show(query);
  }, [query && JSON.stringify(query, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))]);

  const goal = route.params.get('go');
  useEffect(() => {
    const prefix = parsePrefix(goal ?? '');
    if (!prefix) return;
    change({ go: null });
    map.current?.goTo(prefix);
  }, [goal, isReady]);

  // What failed while the server was away is asked again.
  useEffect(() => {
    if (live.isConnected && state.problem) map.current?.reload();
  }, [live.isConnected]);

  const metric = metricOf(query?.metric ?? null);
  return (
    <div class="map-frame">
      <div
        ref={element}
        class="map"
        role="application"
        aria-label="Map of the address space. Arrow keys move, plus and minus zoom, Enter opens what is in the middle."
      />
      <div class="crosshair" aria-hidden="true" />
      {query && <Crumbs root={query.root} centre={centre} onGo={(prefix) => map.current?.goTo(prefix)} />}
      {!isReady && (
        <div class="map-empty">
          <Notice>{live.status ? 'No window has closed yet. The first will be shown here.' : live.problem || 'Connecting…'}</Notice>
        </div>
      )}
      {state.problem && live.isConnected && <Notice kind="problem">{state.problem}</Notice>}
      <progress class="loading" hidden={state.loading === 0} aria-label="Loading" />
      {hover && <Tooltip hover={hover} metric={metric} attribute={query?.attribute ?? ''} />}
    </div>
  );
}

function placeView(map: AddressMap, params: URLSearchParams, root: Prefix, live: Live): void {
  const at = parsePrefix(params.get('at') ?? '');
  const zoom = params.get('zoom');
  if (at && zoom !== null && contains(root, at)) {
    map.centreOn(at, Number(zoom));
    return;
  }
  const networks = (live.status?.networks ?? []).map(parsePrefix).filter((each): each is Prefix => each !== null && contains(root, each));
  // One network: that. Several: what is around them all.
  const first = networks[0];
  if (!first) return;
  let length = Math.min(...networks.map((each) => each.length));
  while (length > root.length && networks.some((each) => mask(each.family, each.base, length).base !== mask(first.family, first.base, length).base)) length--;
  map.goTo(mask(root.family, first.base, Math.max(root.length, length - (length % 2))), false);
}

// The way down to what is in the middle.
function Crumbs({ root, centre, onGo }: { root: Prefix; centre: Prefix | null; onGo: (prefix: Prefix) => void }) {
  const crumbs = useMemo(() => {
    if (!centre || !contains(root, centre)) return [root];
    const step = root.family === 4 ? 8 : 16;
    const list = [root];
    for (let length = root.length + step; length <= centre.length; length += step) list.push(part(root, 0, 0) && mask(root.family, centre.base, length));
    return list;
  }, [root, centre]);
  return (
    <nav class="crumbs" aria-label="Prefixes around the middle">
      {root.length > 0 && (
        <button onClick={() => change({ root: formatPrefix(mask(root.family, root.base, Math.max(0, root.length - 2 * levelsBelow(root)))), at: null, zoom: null }, true)} title="Up">
          ↑
        </button>
      )}
      {crumbs.map((each) => (
        <button key={each.length} onClick={() => onGo(each)}>
          {nameOf(each)}
        </button>
      ))}
      <a href={link('network', { prefix: formatPrefix(crumbs[crumbs.length - 1]) })}>Figures →</a>
    </nav>
  );
}

function Tooltip({ hover, metric, attribute }: { hover: Hover; metric: ReturnType<typeof metricOf>; attribute: string }) {
  const { prefix, values, attributes } = hover.cell;
  const name = isHost(prefix) ? attributes[NAME] : null;
  const names = [...new Set([metric.name, 'hosts', 'flows', 'packets', 'bytes'])];
  const isEmpty = Object.keys(values).length === 0;
  return (
    <div class="tooltip" style={{ left: `${hover.x}px`, top: `${hover.y}px` }} role="status">
      <strong>{nameOf(prefix)}</strong>
      {name && <span class="known">{name}</span>}
      {attribute && attributes[attribute] && <span class="known">{`${attribute}: ${attributes[attribute]}`}</span>}
      {isEmpty ? (
        <em>nothing seen</em>
      ) : (
        <dl>
          {names.map((name) => {
            const { label, text } = metricOf(name);
            const value = values[name];
            return [
              <dt key={name}>{label}</dt>,
              <dd key={`${name}-value`} data-metric={name} title={value === null || value === undefined ? '' : exactText(value)}>
                {value === null || value === undefined ? '–' : text(value)}
              </dd>,
            ];
          })}
        </dl>
      )}
    </div>
  );
}

export const mapLink = (prefix: Prefix, start?: number): string =>
  link('map', { go: formatPrefix(prefix), start: start === undefined ? null : isoText(start) });
