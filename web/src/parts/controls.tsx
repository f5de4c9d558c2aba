import type { ComponentChildren, JSX } from 'preact';

/** A few choices of which one holds: radio buttons, so that arrow keys work. */
export function Choice<Value extends string>(props: {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
}): JSX.Element {
  const name = `choice-${props.label}`;
  return (
    <fieldset class="choice">
      <legend>{props.label}</legend>
      {props.options.map(([value, text]) => (
        <label key={value}>
          <input type="radio" name={name} checked={value === props.value} onChange={() => props.onChange(value)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Select<Value extends string>(props: {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
}): JSX.Element {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value as Value)}>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What is wrong, in place of what is not there. */
export function Notice(props: { children: ComponentChildren; kind?: 'problem' | 'quiet' }): JSX.Element {
  return (
    <p class={`notice ${props.kind ?? 'quiet'}`} role={props.kind === 'problem' ? 'alert' : 'status'}>
      {props.children}
    </p>
  );
}

export function Panel(props: { title: ComponentChildren; children: ComponentChildren; aside?: ComponentChildren; isWide?: boolean }) {
  return (
    <section class={props.isWide ? 'panel wide' : 'panel'}>
      <header>
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}
