import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix, parsePrefix, part } from '../src/address';
import { placeOfNumber, viewOf, type Layout } from '../src/map/layout';

const CURVES: Layout[] = ['z', 'hilbert'];
const LEVELS = 16;

test('a cell and its place in a tile are each other’s inverse', () => {
  for (const layout of CURVES) {
    for (const [z, x, y] of [[0, 0, 0], [3, 5, 2], [7, 100, 31], [13, 5000, 8191], [15, 32767, 1]]) {
      const view = viewOf(layout, LEVELS, z, x, y);
      const seen = new Set<number>();
      for (let cell = 0; cell < 2 ** view.depth; cell++) {
        const place = view.placeOf(cell);
        seen.add(place);
        assert.equal(view.cellAt(place & ((1 << view.level) - 1), place >> view.level), cell);
      }
      assert.equal(seen.size, 4 ** view.level);
    }
  }
});

test('a tile is the square of its prefix, whatever tile it is looked at from', () => {
  for (const layout of CURVES) {
    for (const number of [0n, 1n, 0xabcn, 0xfffn, 0x5a5n]) {
      const bits = 12;
      const [x, y, width] = placeOfNumber(layout, bits, number);
      const z = bits / 2;
      assert.equal(width, 1 / 2 ** z);
      const view = viewOf(layout, LEVELS, z, Math.floor(x * 2 ** z), Math.floor(y * 2 ** z));
      assert.equal(view.sourceNumber, Number(number));
      assert.equal(view.sourceBits, bits);
    }
  }
});

test('Z-order: two bits choose left or right and above or below', () => {
  assert.deepEqual(placeOfNumber('z', 2, 1n), [0.75, 0.25, 0.5]);
  assert.deepEqual(placeOfNumber('z', 2, 2n), [0.25, 0.75, 0.5]);
});

test('Hilbert: what follows on each other touches', () => {
  let before: number[] | null = null;
  for (let number = 0n; number < 4096n; number++) {
    const [x, y] = placeOfNumber('hilbert', 12, number).map((each) => Math.floor(each * 64));
    if (before) assert.equal(Math.abs(x - before[0]) + Math.abs(y - before[1]), 1, `after ${number}`);
    before = [x, y];
  }
});

test('Octets: a /24 is a row of its /16, and /16s lie as their octets say', () => {
  const address = (10n << 24n) | (20n << 16n) | (30n << 8n) | 40n;
  const [x, y] = placeOfNumber('octets', 32, address);
  assert.equal(Math.floor(x * 65536), 20 * 256 + 40);
  assert.equal(Math.floor(y * 65536), 10 * 256 + 30);
  for (const z of [2, 6, 8, 11, 15]) {
    const view = viewOf('octets', LEVELS, z, Math.floor(x * 2 ** z), Math.floor(y * 2 ** z));
    const inTile = (at: number): number => Math.floor((at * 2 ** z - Math.floor(at * 2 ** z)) * 2 ** view.level);
    const cell = view.cellAt(inTile(x), inTile(y));
    const root = parsePrefix('0.0.0.0/0');
    assert.ok(root);
    const found = part(part(root, view.sourceBits, view.sourceNumber), view.depth, cell);
    assert.equal(formatPrefix(found), z < 8 ? '10.20.0.0/16' : '10.20.30.40/32');
    assert.equal(view.placeOf(cell), (inTile(y) << view.level) | inTile(x));
    const outside = view.cellAt(0, 0) - 1;
    if (z > 0 && outside >= 0) assert.equal(view.placeOf(outside), -1);
  }
});
