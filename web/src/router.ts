// Everything that is shown is in the address after "#", so that it can be shared: #/host?ip=10.1.2.3&seconds=60
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  page: string;
  params: URLSearchParams;
}

export function readRoute(hash: string): Route {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  return { page: path || 'map', params: new URLSearchParams(query ?? '') };
}

export type Changes = Record<string, string | number | null | undefined>;

export function link(page: string, params: Changes | URLSearchParams = {}): string {
  const query = params instanceof URLSearchParams ? params : apply(new URLSearchParams(), params);
  const text = query.toString().replace(/%3A/g, ':').replace(/%2F/g, '/');
  return `#/${page}${text ? `?${text}` : ''}`;
}

function apply(params: URLSearchParams, changes: Changes): URLSearchParams {
  const changed = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') changed.delete(name);
    else changed.set(name, String(value));
  }
  return changed;
}

/** Shows the same page otherwise. `isStep`: the browser's "back" undoes it. */
export function change(changes: Changes, isStep = false): void {
  const { page, params } = readRoute(location.hash);
  const target = link(page, apply(params, changes));
  if (target === location.hash) return;
  if (isStep) {
    location.hash = target;
  } else {
    history.replaceState(null, '', target);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }
}

export function useRoute(): Route {
  const [route, set] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const update = (): void => set(readRoute(location.hash));
    addEventListener('hashchange', update);
    return () => removeEventListener('hashchange', update);
  }, []);
  return route;
}
