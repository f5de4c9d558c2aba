import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorOfValue, NO_VALUE_COLOR, OTHER_VALUE_COLOR, VALUE_COLORS } from '../src/map/colors';

test('the same value has the same colour, different ones differ, and what has none of its own is grey', () => {
  const values = VALUE_COLORS.map((_, i) => `sw${i}`);
  const colors = values.map((value) => colorOfValue(values, value));
  assert.deepEqual(colors, VALUE_COLORS);
  assert.equal(new Set([...colors, OTHER_VALUE_COLOR, NO_VALUE_COLOR]).size, values.length + 2);
  assert.equal(colorOfValue(values, 'sw9'), OTHER_VALUE_COLOR);
  assert.equal(colorOfValue([...values, 'sw9'], 'sw9'), OTHER_VALUE_COLOR);
  assert.equal(colorOfValue(values, null), NO_VALUE_COLOR);
});
