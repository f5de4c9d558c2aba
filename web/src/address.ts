// Addresses as numbers: 32 or 128 bits in a bigint, so that both families are reckoned with alike.

export type Family = 4 | 6;
export interface Prefix {
  family: Family;
  base: bigint;
  length: number;
}

export const ALL_IPV4: Prefix = { family: 4, base: 0n, length: 0 };

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

export function parseAddress(text: string): { family: Family; value: bigint } | null {
  if (text.includes(':')) return parseIpv6(text);
  const octets = text.split('.');
  if (octets.length !== 4) return null;
  let value = 0n;
  for (const octet of octets) {
    if (!/^\d{1,3}$/.test(octet) || Number(octet) > 255) return null;
    value = (value << 8n) | BigInt(octet);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): { family: Family; value: bigint } | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = groups.reduce((sum, half) => sum + half.length, 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return null;
  const zeros = new Array<string>(8 - count).fill('0');
  const all = halves.length === 1 ? groups[0] : [...groups[0], ...zeros, ...groups[1]];
  let value = 0n;
  for (const group of all) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return { family: 6, value };
}

export function formatAddress(family: Family, value: bigint): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  return shortenGroups(groups);
}

// RFC 5952: the longest run of two or more zero groups, of equal ones the first, becomes "::".
function shortenGroups(groups: number[]): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > bestLength) [best, bestLength] = [i, end - i];
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}

export function parsePrefix(text: string): Prefix | null {
  const [address, length, ...rest] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed || rest.length > 0 || !/^\d{1,3}$/.test(length ?? '')) return null;
  const bits = bitsOf(parsed.family);
  return Number(length) > bits ? null : mask(parsed.family, parsed.value, Number(length));
}

export function mask(family: Family, value: bigint, length: number): Prefix {
  const open = BigInt(bitsOf(family) - length);
  return { family, base: (value >> open) << open, length };
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix.family, prefix.base)}/${prefix.length}`;

/** The address alone where the prefix is one host. */
export const nameOf = (prefix: Prefix): string =>
  isHost(prefix) ? formatAddress(prefix.family, prefix.base) : formatPrefix(prefix);

export const isHost = (prefix: Prefix): boolean => prefix.length === bitsOf(prefix.family);

/** The number-th of its sub-prefixes that are `bits` longer. */
export function part(prefix: Prefix, bits: number, number: number): Prefix {
  const length = prefix.length + bits;
  const base = prefix.base + (BigInt(number) << BigInt(bitsOf(prefix.family) - length));
  return { family: prefix.family, base, length };
}

export const contains = (outer: Prefix, inner: Prefix): boolean =>
  outer.family === inner.family &&
  outer.length <= inner.length &&
  mask(inner.family, inner.base, outer.length).base === outer.base;
