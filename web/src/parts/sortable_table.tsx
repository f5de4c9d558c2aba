// A table whose columns' heads are buttons to sort by; what it is sorted by is the caller's to remember.
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  name: string;
  label: string;
  title?: string; // what it means, where the label is too short for that
  value: (row: Row) => number | string | null; // to sort by: numbers largest first, text from a to z, null last
  cell: (row: Row) => ComponentChildren;
  isBad?: (row: Row) => boolean;
}

export interface Order {
  by: string;
  isReverse: boolean;
}

export const orderOf = (text: string | null, otherwise: string): Order =>
  text?.startsWith('-') ? { by: text.slice(1), isReverse: true } : { by: text || otherwise, isReverse: false };

/** What a click on a column makes of the order. */
export const afterClick = (order: Order, name: string): string => (order.by === name && !order.isReverse ? `-${name}` : name);

export function SortableTable<Row>(props: {
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  order: Order;
  onOrder: (order: string) => void;
}) {
  const { columns, order } = props;
  const column = columns.find((each) => each.name === order.by) ?? columns[0];
  const rows = [...props.rows].sort((a, b) => compare(column.value(a), column.value(b), order.isReverse));
  return (
    <div class="scroll">
      <table class="figures sortable">
        <thead>
          <tr>
            {columns.map((each) => (
              <th key={each.name} title={each.title} aria-sort={each === column ? directionOf(rows, column, order) : 'none'}>
                <button onClick={() => props.onOrder(afterClick(order, each.name))}>{each.label}</button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={props.keyOf(row)} data-row={props.keyOf(row)}>
              {columns.map((each, i) => {
                const bad = each.isBad?.(row) ? 'bad' : '';
                return i === 0 ? (
                  <th key={each.name} scope="row" class={bad}>
                    {each.cell(row)}
                  </th>
                ) : (
                  <td key={each.name} data-column={each.name} class={bad}>
                    {each.cell(row)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function directionOf<Row>(rows: Row[], column: Column<Row>, order: Order): 'ascending' | 'descending' {
  const isText = rows.some((row) => typeof column.value(row) === 'string');
  return isText === order.isReverse ? 'descending' : 'ascending';
}

function compare(a: number | string | null, b: number | string | null, isReverse: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const usual = typeof a === 'number' && typeof b === 'number' ? b - a : String(a).localeCompare(String(b), 'en', { numeric: true });
  return isReverse ? -usual : usual;
}
