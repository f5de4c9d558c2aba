import './style.css';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { parsePrefix } from './address';
import { ask } from './api';
import { connect, useLive, type Live } from './live';
import { AnomaliesPage } from './pages/anomalies';
import { AppliancePage } from './pages/appliance';
import { ExportersPage } from './pages/exporters';
import { HostPage } from './pages/host';
import { MapPage, mapLink } from './pages/map';
import { NetworkPage } from './pages/network';
import { TopPage } from './pages/top';
import { Notice } from './parts/controls';
import { link, useRoute, type Route } from './router';
import type { SearchAnswer } from './types';

const PAGES: [string, string][] = [
  ['map', 'Map'],
  ['top', 'Top'],
  ['network', 'Networks'],
  ['anomalies', 'Anomalies'],
  ['exporters', 'Exporters'],
  ['appliance', 'Appliance'],
];

function App() {
  const live = useLive();
  const route = useRoute();
  useEffect(() => {
    const subject = route.params.get('ip') ?? route.params.get('prefix');
    document.title = [subject, live.status?.observer.name, 'Hostscope'].filter(Boolean).join(' · ');
  }, [route, live.status]);
  return (
    <>
      <header class="bar">
        <a class="brand" href="#/map">
          <img src="./icon.svg" alt="" width="18" height="18" /> Hostscope
        </a>
        <nav aria-label="Pages">
          {PAGES.map(([page, name]) => (
            <a key={page} href={link(page)} aria-current={route.page === page ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <Search />
        <Connection live={live} />
      </header>
      <Page live={live} route={route} />
    </>
  );
}

function Page({ live, route }: { live: Live; route: Route }) {
  const subject = route.params.get('ip') ?? route.params.get('prefix') ?? '';
  switch (route.page) {
    case 'map':
      return <MapPage live={live} route={route} />;
    case 'host':
      return <HostPage key={subject} live={live} route={route} />;
    case 'network':
      return <NetworkPage key={subject} live={live} route={route} />;
    case 'top':
      return <TopPage live={live} route={route} />;
    case 'anomalies':
      return <AnomaliesPage live={live} route={route} />;
    case 'exporters':
      return <ExportersPage route={route} />;
    case 'appliance':
      return <AppliancePage route={route} />;
    default:
      return (
        <main class="page">
          <Notice kind="problem">There is no page “{route.page}”.</Notice>
        </main>
      );
  }
}

function Connection({ live }: { live: Live }) {
  return (
    <p class="connection" data-connected={live.isConnected} role="status">
      {live.isConnected ? live.status?.observer.name : `${live.problem || 'Connecting…'}${live.problem ? ' Trying again.' : ''}`}
    </p>
  );
}

function Search() {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== '/' || isTyping) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  const search = async (event: Event): Promise<void> => {
    event.preventDefault();
    const q = input.current?.value.trim();
    if (!q) return;
    try {
      const found = await ask<SearchAnswer>('search', { q });
      setProblem('');
      input.current?.blur();
      const prefix = found.prefix ? parsePrefix(found.prefix) : null;
      const named = found.found?.[0]; // the best of them
      const prefixOfName = named && parsePrefix(named.prefix);
      if (named?.host) location.hash = link('host', { ip: named.host });
      else if (prefixOfName) location.hash = mapLink(prefixOfName);
      else if (found.host) location.hash = link('host', { ip: found.host, seconds: found.last_seen?.seconds });
      else if (prefix) location.hash = mapLink(prefix);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form class="search" role="search" onSubmit={(event) => void search(event)}>
      <input ref={input} type="search" aria-label="Address, prefix or name" placeholder="Address, prefix or name ( / )" onInput={() => setProblem('')} />
      {problem && <Notice kind="problem">{problem}</Notice>}
    </form>
  );
}

void connect();
render(<App />, document.getElementById('app') as HTMLElement);
