import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, formatAddress, formatPrefix, mask, nameOf, parseAddress, parsePrefix, part } from '../src/address';

const again = (text: string): string | null => {
  const parsed = parseAddress(text);
  return parsed && formatAddress(parsed.family, parsed.value);
};

test('addresses are read, and written as RFC 5952 says', () => {
  for (const text of ['0.0.0.0', '10.20.30.40', '255.255.255.255', '::', '::1', '2001:db8::', '2001:db8::1:0:0:1', '1:2:3:4:5:6:7:8'])
    assert.equal(again(text), text);
  assert.equal(again('2001:DB8:0:0:1:0:0:1'), '2001:db8::1:0:0:1');
  assert.equal(again('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1');
  assert.equal(again('0:0:0:0:0:0:0:0'), '::');
});

test('what is no address is none', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '12345::', 'g::'])
    assert.equal(parseAddress(text), null, text);
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', 'x/8']) assert.equal(parsePrefix(text), null, text);
});

test('prefixes', () => {
  const prefix = parsePrefix('10.20.30.40/16');
  assert.ok(prefix);
  assert.equal(formatPrefix(prefix), '10.20.0.0/16');
  assert.equal(nameOf(part(prefix, 16, 0x1e28)), '10.20.30.40');
  assert.equal(formatPrefix(part(prefix, 8, 3)), '10.20.3.0/24');
  assert.ok(contains(mask(4, prefix.base, 8), prefix));
  assert.ok(!contains(prefix, mask(4, prefix.base, 8)));
  const ipv6 = parsePrefix('2001:db8::/32');
  assert.ok(ipv6);
  assert.equal(formatPrefix(part(ipv6, 32, 0xffffffff)), '2001:db8:ffff:ffff::/64');
});
