// Scales that people with any colour vision can read, and that stay in order in grey: viridis (S. van der Walt and
// N. Smith), cividis (J. Nuñez and others). A few steps of each, between which we interpolate, without the
// darkest, which would not show on the map's ground.

export type Palette = 'viridis' | 'cividis';

const STEPS: Record<Palette, string> = {
  viridis: 
    '481a6c472f7d41448739568c31688e2a788e23888e1f988b22a88435b77954c5687ad151a5db36d2e21bfde725',
  cividis: '1235703b496c575d6d7071738a8779a59c74c3b369e1cc55fee838',
};

function decode(hex: string): number[][] {
  return (hex.match(/.{6}/g) ?? []).map((color) => [0, 2, 4].map((at) => parseInt(color.slice(at, at + 2), 16)));
}

const TABLE_SIZE = 256;
const tables = new Map<Palette, string[]>();

/** 256 colours as CSS has them. */
export function paletteOf(name: Palette): string[] {
  let table = tables.get(name);
  if (!table) {
    const steps = decode(STEPS[name]);
    table = Array.from({ length: TABLE_SIZE }, (_, i) => {
      const at = (i / (TABLE_SIZE - 1)) * (steps.length - 1);
      const low = Math.min(Math.floor(at), steps.length - 2);
      const share = at - low;
      const mixed = steps[low].map((value, k) => Math.round(value + share * (steps[low + 1][k] - value)));
      return `rgb(${mixed.join(' ')})`;
    });
    tables.set(name, table);
  }
  return table;
}

// Of attributes, whose values have no order: the colours that M. Okabe and K. Ito chose for any colour vision.
export const VALUE_COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'];
export const OTHER_VALUE_COLOR = '#b0b0b0';
export const NO_VALUE_COLOR = 'rgb(128 128 128 / 30%)';

/** The same for the same value: `values` are those with colours of their own. */
export function colorOfValue(values: readonly string[], value: string | null): string {
  if (value === null) return NO_VALUE_COLOR;
  const at = values.indexOf(value);
  return (at < 0 ? undefined : VALUE_COLORS[at]) ?? OTHER_VALUE_COLOR;
}

export interface Scale {
  isLog: boolean;
  min: number; // of what is coloured; more than 0 where isLog
  max: number;
}

/** 0 to 1. */
export function positionOf(scale: Scale, value: number): number {
  const { isLog, min, max } = scale;
  if (max <= min) return 1;
  const at = isLog ? Math.log(Math.max(value, min) / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.min(1, Math.max(0, at));
}

export const indexOf = (scale: Scale, value: number): number =>
  Math.round(positionOf(scale, value) * (TABLE_SIZE - 1));

/** Up to the next round number, so that colours do not change with each window. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}
