// Figures for people. Exact ones are in tables, downloads and tooltips' titles.

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

function scaled(value: number, digits: number): [string, string] {
  let step = 0;
  while (value >= 1000 && step < SI.length - 1) {
    value /= 1000;
    step++;
  }
  const decimals = step === 0 || value >= 100 ? 0 : value >= 10 ? Math.min(1, digits) : digits;
  return [value.toFixed(Number.isInteger(value) && step === 0 ? 0 : decimals), SI[step]];
}

export function countText(value: number): string {
  const [number, unit] = scaled(value, 2);
  return unit ? `${number} ${unit}` : number;
}

export function bytesText(value: number): string {
  const [number, unit] = scaled(value, 2);
  return `${number} ${unit}B`;
}

export function secondsText(value: number): string {
  if (value >= 120) return `${(value / 60).toFixed(1)} min`;
  return value >= 1 ? `${value.toFixed(2)} s` : `${Math.round(value * 1000)} ms`;
}

/** How far a clock is ahead (+) or behind. */
export function signedSecondsText(value: number): string {
  const size = Math.abs(value);
  const text = size >= 172_800 ? `${Math.round(size / 86_400)} d` : size >= 7200 ? `${Math.round(size / 3600)} h` : secondsText(size);
  return size < 0.001 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

export const shareText = (value: number): string => `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 3 });
/** All digits. */
export const exactText = (value: number): string => grouped.format(value).replace(/,/g, '\u2009');

const pad = (value: number): string => String(value).padStart(2, '0');

/** Times are shown as the browser's place has them. */
export function timeText(ms: number, withDate = true): string {
  const at = new Date(ms);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return withDate ? `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}` : time;
}

/** The length of a window. */
export function lengthText(seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60} min`;
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds} s`;
}

export const isoText = (ms: number): string => new Date(ms).toISOString();
