// Where addresses are on the map: a square of 2^n × 2^n places for the 2n bits below the root.
//
//   z        Z-order: two bits of the address at a time choose a quadrant: 0 left top, 1 right top, 2 left below, 3 right
//            below. Every prefix of even length is a square.
//   hilbert  the same, with quadrants turned so that neighbours in the address space are neighbours on the map.
//   octets   the first and third octet downwards, the second and fourth to the right: a /16 is a square in which each
//            row is a /24, as it is written. IPv4 as a whole only.
//
// A map tile shows cells of `level` bits in each direction. What it is drawn from is one tile of the server: a prefix and
// its cells by number (sourceNumber, sourceBits, depth).

export type Layout = 'z' | 'hilbert' | 'octets';

export interface TileView {
  sourceBits: number; // of the source's prefix, below the root
  sourceNumber: number; // those bits
  depth: number; // bits of a cell below the source's prefix
  level: number; // the tile is 2^level cells wide
  placeOf(cell: number): number; // row << level | column, or -1 where that cell is not in this tile
  cellAt(column: number, row: number): number;
}

const CELL_LEVEL = 6; // 64 cells across a tile of 256 pixels
const OCTET_BITS = 8;

// Quadrants of a Hilbert curve that is neither swapped nor turned, in its order: column, row.
const HILBERT = [
  [0, 0],
  [0, 1],
  [1, 1],
  [1, 0],
];
// How a quadrant's own curve lies in it: bit 0: columns and rows swapped, bit 1: turned by half. Both commute.
const HILBERT_TURN = [1, 0, 0, 3];

type Step = (state: number, digit: number) => [column: number, row: number, state: number];

const zStep: Step = (state, digit) => [digit & 1, digit >> 1, state];
const hilbertStep: Step = (state, digit) => {
  let [column, row] = HILBERT[digit];
  if (state & 1) [column, row] = [row, column];
  if (state & 2) [column, row] = [1 - column, 1 - row];
  return [column, row, state ^ HILBERT_TURN[digit]];
};

function digitAt(step: Step, state: number, column: number, row: number): [digit: number, state: number] {
  for (let digit = 0; digit < 4; digit++) {
    const [c, r, next] = step(state, digit);
    if (c === column && r === row) return [digit, next];
  }
  throw new Error('a quadrant has two bits');
}

/** Follows `levels` bits of column and row, the highest first. */
function numberOf(step: Step, state: number, levels: number, column: number, row: number): [number, number] {
  let number = 0;
  for (let bit = levels - 1; bit >= 0; bit--) {
    const [digit, next] = digitAt(step, state, (column >> bit) & 1, (row >> bit) & 1);
    number = number * 4 + digit;
    state = next;
  }
  return [number, state];
}

function curveView(step: Step, n: number, z: number, x: number, y: number): TileView {
  const level = Math.min(CELL_LEVEL, n - z);
  const [sourceNumber, state] = numberOf(step, 0, z, x, y);
  const placeOf = (cell: number): number => {
    let column = 0;
    let row = 0;
    let turned = state;
    for (let shift = 2 * (level - 1); shift >= 0; shift -= 2) {
      const [c, r, next] = step(turned, (cell >> shift) & 3);
      column = (column << 1) | c;
      row = (row << 1) | r;
      turned = next;
    }
    return (row << level) | column;
  };
  const cellAt = (column: number, row: number): number => numberOf(step, state, level, column, row)[0];
  return { sourceBits: 2 * z, sourceNumber, depth: 2 * level, level, placeOf, cellAt };
}

// Of tiles that hold several /16s, each cell is one of them; then each cell is a host.
function octetView(z: number, x: number, y: number): TileView {
  const isCoarse = z < OCTET_BITS;
  const level = (isCoarse ? OCTET_BITS : 2 * OCTET_BITS) - z;
  const inSource = (1 << OCTET_BITS) - 1;
  const firstColumn = (x << level) & inSource;
  const firstRow = (y << level) & inSource;
  const sixteen = z - OCTET_BITS; // bits of the tile below its /16
  const sourceNumber = isCoarse ? 0 : ((y >> sixteen) << OCTET_BITS) | (x >> sixteen);
  const width = 1 << level;
  return {
    sourceBits: isCoarse ? 0 : 2 * OCTET_BITS,
    sourceNumber,
    depth: 2 * OCTET_BITS,
    level,
    placeOf(cell) {
      const column = (cell & inSource) - firstColumn;
      const row = (cell >> OCTET_BITS) - firstRow;
      return column < 0 || row < 0 || column >= width || row >= width ? -1 : (row << level) | column;
    },
    cellAt: (column, row) => ((firstRow + row) << OCTET_BITS) | (firstColumn + column),
  };
}

export function viewOf(layout: Layout, n: number, z: number, x: number, y: number): TileView {
  if (layout === 'octets') return octetView(z, x, y);
  return curveView(layout === 'z' ? zStep : hilbertStep, n, z, x, y);
}

/** The middle of the square of the first `bits` bits, as shares of the map's width and height. */
export function placeOfNumber(layout: Layout, bits: number, number: bigint): [x: number, y: number, width: number] {
  if (layout === 'octets') return octetPlace(bits, number);
  const step = layout === 'z' ? zStep : hilbertStep;
  const levels = bits >> 1;
  let x = 0;
  let y = 0;
  let state = 0;
  for (let i = 1; i <= levels; i++) {
    const digit = Number((number >> BigInt(bits - 2 * i)) & 3n);
    const [column, row, next] = step(state, digit);
    x += column / 2 ** i;
    y += row / 2 ** i;
    state = next;
  }
  const width = 1 / 2 ** levels;
  return [x + width / 2, y + width / 2, width];
}

function octetPlace(bits: number, number: bigint): [number, number, number] {
  const address = number << BigInt(32 - bits);
  const octet = (i: number): number => Number((address >> BigInt(24 - 8 * i)) & 255n);
  const isLong = bits > 16;
  const width = bits >= 32 ? 1 / 65536 : 1 / 256;
  const x = isLong ? (octet(1) * 256 + octet(3)) / 65536 : octet(1) / 256;
  const y = isLong ? (octet(0) * 256 + octet(2)) / 65536 : octet(0) / 256;
  return [x + width / 2, y + width / 2, bits < 16 ? 1 / 2 ** (bits >> 1) : width];
}
