import { useState } from 'preact/hooks';
import { parsePrefix } from '../address';
import { lengthText, timeText } from '../format';
import type { Live } from '../live';
import { Timeline } from '../map/timeline';
import { METRICS, metricOf, type Role } from '../metrics';
import { Choice, Notice, Panel, Select } from '../parts/controls';
import { nameOfRecord, RecordTable } from '../parts/record_table';
import { lengthsOf, windowTime } from '../parts/time';
import { useAnswer } from '../parts/use_answer';
import { change, type Route } from '../router';
import type { HostsAnswer } from '../types';

const COUNTS = ['25', '100', '500'] as const;

export function TopPage({ live, route }: { live: Live; route: Route }) {
  const { params } = route;
  const time = windowTime(live, params);
  const role = (params.get('role') === 'received' ? 'received' : 'sent') as Role;
  const by = metricOf(params.get('by')).name;
  const prefix = params.get('prefix') ?? '';
  const [text, setText] = useState(prefix);
  const isPrefix = parsePrefix(text) !== null;
  const asked = useAnswer<HostsAnswer>(
    'top',
    time.start === null ? null : { by, role, prefix, n: params.get('n') ?? COUNTS[1], seconds: time.seconds, start: time.start },
  );
  const names = asked.answer?.names ?? {};
  // A prefix is asked for; other text filters what is here.
  const records = (asked.answer?.records ?? []).filter((record) => isPrefix || text === '' || nameOfRecord(record).includes(text) || names[nameOfRecord(record)]?.toLowerCase().includes(text.toLowerCase()));
  const filter = (value: string): void => {
    setText(value);
    change({ prefix: parsePrefix(value) ? value : null });
  };
  return (
    <main class="page">
      <header class="title">
        <h1>Busiest hosts</h1>
      </header>
      <div class="toolbar">
        <Select label="By" value={by} options={METRICS.filter((each) => each.name !== 'hosts').map((each) => [each.name, each.label] as const)} onChange={(value) => change({ by: value })} />
        <Choice
          label="Role"
          value={role}
          options={[
            ['sent', 'Sent'],
            ['received', 'Received'],
          ]}
          onChange={(value) => change({ role: value })}
        />
        <Select label="Window" value={String(time.seconds)} options={lengthsOf(live).map((each) => [String(each), lengthText(each)] as const)} onChange={(value) => change({ seconds: value, start: null })} />
        <Select label="Show" value={params.get('n') ?? COUNTS[1]} options={COUNTS.map((each) => [each, `${each} hosts`] as const)} onChange={(value) => change({ n: value })} />
        <label class="field grow">
          <span>Filter</span>
          <input type="search" value={text} placeholder="10.0.0.0/8, or part of an address or a name" onInput={(event) => filter(event.currentTarget.value)} />
        </label>
      </div>
      <Timeline live={live} time={time} />
      {asked.problem && <Notice kind="problem">{asked.problem}</Notice>}
      {time.start === null && <Notice>No window has closed yet.</Notice>}
      {asked.answer && (
        <Panel title={`${timeText(Date.parse(asked.answer.from))}, ${lengthText(time.seconds)}`} aside={<small>{asked.answer.read.rows} records read</small>}>
          {records.length === 0 ? <Notice>No host.</Notice> : <RecordTable records={records} role={role} by={by} onBy={(value) => change({ by: value })} seconds={time.seconds} names={names} />}
        </Panel>
      )}
    </main>
  );
}
