// The windows that are there, newest to the right, with what each counted; one is shown.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { countText, isoText, lengthText, timeText } from '../format';
import type { Live } from '../live';
import { useAnswer } from '../parts/use_answer';
import type { WindowTime } from '../parts/time';
import { change } from '../router';
import type { WindowsAnswer } from '../types';

const SHOWN = 180;
const FEWEST_BARS = 40; // the room of so many is there from the start
const PLAY_MS = 700;

export function Timeline({ live, time }: { live: Live; time: WindowTime }) {
  const step = time.seconds * 1000;
  const newest = live.newest.get(time.seconds);
  // Around the window that is shown, and to the newest where it is near.
  const anchor = time.start !== null && newest !== undefined && newest - time.start > (SHOWN - 10) * step ? time.start + (SHOWN / 2) * step : newest;
  const last = useSteady(anchor, step * (SHOWN / 2), newest);
  const { answer, problem } = useAnswer<WindowsAnswer>(
    'windows',
    last === undefined ? null : { seconds: time.seconds, from: last - (SHOWN - 1) * step, to: last + step },
  );
  const windows = useMemo(() => mergeParts(answer), [answer]);
  const at = windows.findIndex((each) => each.start === time.start);
  const [isPlaying, setPlaying] = useState(false);
  const showAt = (index: number): void => {
    const chosen = windows[Math.max(0, Math.min(windows.length - 1, index))];
    if (chosen) change({ start: isoText(chosen.start) });
  };
  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setTimeout(() => {
      if (at >= 0 && at + 1 < windows.length) showAt(at + 1);
      else {
        setPlaying(false);
        change({ start: null });
      }
    }, PLAY_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, at, windows]);
  const play = (): void => {
    if (!isPlaying && (time.isLive || at < 0 || at === windows.length - 1)) showAt(Math.max(0, windows.length - 30));
    setPlaying(!isPlaying);
  };
  const shown = windows[at];
  return (
    <div class="timeline" role="group" aria-label="Time">
      <div class="buttons">
        <button onClick={() => showAt(at - 1)} disabled={at <= 0} aria-label="Window before" title="Window before">
          ‹
        </button>
        <button onClick={play} disabled={windows.length < 2} aria-label={isPlaying ? 'Pause' : 'Play'} title={isPlaying ? 'Pause' : 'Play'}>
          {isPlaying ? '❚❚' : '▶'}
        </button>
        <button onClick={() => showAt(at + 1)} disabled={at < 0 || at >= windows.length - 1} aria-label="Window after" title="Window after">
          ›
        </button>
        <button class="live" aria-pressed={time.isLive} onClick={() => change({ start: null })} title="Follow the newest window">
          Live
        </button>
      </div>
      <div class="track">
        <Bars windows={windows} at={at} />
        <input
          type="range"
          style={{ left: `${(100 * Math.max(0, FEWEST_BARS - windows.length)) / FEWEST_BARS}%` }}
          min={0}
          max={Math.max(0, windows.length - 1)}
          value={at < 0 ? windows.length - 1 : at}
          disabled={windows.length < 2}
          aria-label="Window"
          aria-valuetext={shown ? timeText(shown.start) : ''}
          onInput={(event) => showAt(Number(event.currentTarget.value))}
        />
      </div>
      <output class="when">
        {time.start === null ? 'no window yet' : timeText(time.start)}
        <small>
          {lengthText(time.seconds)}
          {shown ? ` · ${countText(shown.hosts)} hosts · ${countText(shown.flows)} flows` : ''}
          {shown?.isPartial ? ' · partial' : ''}
          {problem && ` · ${problem}`}
        </small>
      </output>
    </div>
  );
}

// Follows the newest window at once, but not each step of the slider.
function useSteady(wanted: number | undefined, slack: number, newest: number | undefined): number | undefined {
  const kept = useRef<number>();
  if (wanted !== undefined && (kept.current === undefined || wanted === newest || Math.abs(wanted - kept.current) > slack))
    kept.current = newest === undefined ? wanted : Math.min(wanted, newest);
  return kept.current;
}

interface Shown {
  start: number;
  hosts: number;
  flows: number;
  isPartial: boolean;
}

// A window may be there in parts.
function mergeParts(answer: WindowsAnswer | null): Shown[] {
  const windows: Shown[] = [];
  for (const { window, summary, partial } of answer?.records ?? []) {
    const start = Date.parse(window.start);
    const before = windows[windows.length - 1];
    if (before?.start === start) {
      before.flows += summary.flows;
      before.hosts = Math.max(before.hosts, summary.hosts);
    } else {
      windows.push({ start, hosts: summary.hosts, flows: summary.flows, isPartial: partial === true });
    }
  }
  return windows;
}

function Bars({ windows, at }: { windows: Shown[]; at: number }) {
  const max = Math.max(1, ...windows.map((each) => each.flows));
  const free = Math.max(0, FEWEST_BARS - windows.length); // newest to the right
  return (
    <svg viewBox={`0 0 ${Math.max(FEWEST_BARS, windows.length)} 1`} preserveAspectRatio="none" aria-hidden="true">
      {windows.map((each, i) => {
        const height = each.flows / max;
        return <rect key={each.start} class={i === at ? 'at' : ''} x={free + i + 0.1} width={0.8} y={1 - height} height={height} />;
      })}
    </svg>
  );
}
