// Drives the console as a person would, and compares what it shows with the records that the appliance wrote.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { Appliance, waitFor } from './appliance.mjs';

const VIEW = { width: 1280, height: 800 };
const folder = mkdtempSync(join(tmpdir(), 'hostscope-browser-'));
const appliance = new Appliance(folder);
let browser, page;
const problems = [];

const url = (hash) => `http://127.0.0.1:${appliance.port}/${hash}`;
// In a table or a legend: thin spaces between thousands.
const numberOf = (text) => (text.trim() === '–' ? null : Number(text.replace(/[^0-9.]/g, '')));
const bitsOf = (ip) => ip.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);

/** Where an address is in the square of a prefix, in Z-order: shares of its width and height. */
function placeIn(prefix, ip) {
  const length = Number(prefix.split('/')[1]);
  let [x, y] = [0, 0];
  for (let bit = length, half = 0.5; bit < 32; bit += 2, half /= 2) {
    const two = Math.floor(bitsOf(ip) / 2 ** (30 - bit)) % 4;
    x += (two & 1) * half;
    y += (two >> 1) * half;
  }
  const middle = 2 ** -((32 - length) / 2 + 1);
  return [x + middle, y + middle];
}

const holds = (prefix, ip) => {
  const [base, length] = prefix.split('/');
  const open = 2 ** (32 - Number(length));
  return Math.floor(bitsOf(base) / open) === Math.floor(bitsOf(ip) / open);
};

/** On the page, from the tiles that are drawn; null where none of them holds it. */
async function pixelOf(ip) {
  const tiles = await page.$$eval('.map canvas[data-prefix]', (all) =>
    all.map((each) => ({ prefix: each.dataset.prefix, box: each.getBoundingClientRect().toJSON() })));
  const around = tiles.filter(({ prefix }) => !prefix.includes(':') && holds(prefix, ip));
  const [tile] = around.sort((a, b) => Number(b.prefix.split('/')[1]) - Number(a.prefix.split('/')[1]));
  if (!tile) return null;
  const [x, y] = placeIn(tile.prefix, ip);
  return { x: tile.box.x + x * tile.box.width, y: tile.box.y + y * tile.box.height };
}

async function open(hash) {
  await page.goto('about:blank');
  await page.goto(url(hash));
  await page.waitForSelector('.connection[data-connected="true"]');
}

async function openMap(hash = '#/map') {
  await open(hash);
  await page.waitForSelector('.map canvas[data-prefix]');
}

/** Points at an address and reads what the tooltip says of what is there. */
async function tooltipAt(ip) {
  const at = await pixelOf(ip);
  assert.ok(at, `${ip} is not on the map`);
  await page.mouse.move(at.x + 1, at.y + 1);
  await page.mouse.move(at.x, at.y);
  await page.waitForSelector('.tooltip');
  return page.$eval('.tooltip', (each) => ({
    prefix: each.querySelector('strong').textContent,
    values: Object.fromEntries([...each.querySelectorAll('dd')].map((dd) => [dd.dataset.metric, dd.title])),
  }));
}

/** A busy IPv4 host of the newest whole window, that was in many windows. */
async function busyHost(seconds = 1, windows = 5) {
  return waitFor(() => {
    const all = [...appliance.windows(seconds).values()];
    if (all.length < windows + 1) return null;
    const count = new Map();
    for (const hosts of all.slice(-windows)) {
      for (const { host, sent, received } of hosts)
        if (!host.ip.includes(':') && sent && received) count.set(host.ip, (count.get(host.ip) ?? 0) + 1);
    }
    return [...count].find(([, times]) => times === windows)?.[0];
  }, 'a busy host');
}

before(async () => {
  await appliance.start();
  appliance.send({ network: '10.0.0.0/8', hosts: 600, rate: 900, share6: 0.1 });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage({ viewport: VIEW, timezoneId: 'UTC', locale: 'en-GB', colorScheme: 'dark', reducedMotion: 'reduce' });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_CONNECTION|ERR_INCOMPLETE|Failed to load resource/.test(message.text())) problems.push(message.text());
  });
});

after(async () => {
  appliance.stopSenders();
  await browser?.close();
  await appliance.stop();
});

test('from the whole address space down to one host, whose plotted numbers are those of its records', async () => {
  const ip = await busyHost();
  await openMap('#/map?at=128.0.0.0/2&zoom=0');
  for (let step = 0; ; step++) {
    assert.ok(step < 40, 'not there after 40 turns of the wheel');
    const shown = await tooltipAt(ip);
    assert.ok(shown.prefix === ip || holds(shown.prefix, ip), `${shown.prefix} does not hold ${ip}`);
    if (shown.prefix === ip && step > 12) break;
    await page.mouse.wheel(0, -120);
    await sleep(150);
  }
  const at = await pixelOf(ip);
  await page.mouse.click(at.x, at.y);
  await page.waitForSelector('h1');
  assert.equal(await page.textContent('h1'), ip);
  assert.match(page.url(), new RegExp(`#/host\\?ip=${ip}`));

  const starts = [...appliance.windows(1).keys()].slice(-6, -1);
  const until = new Date(Date.parse(starts.at(-1)) + 1000).toISOString();
  await open(`#/host?ip=${ip}&seconds=1&from=${starts[0]}&to=${until}`);
  await page.waitForSelector('table.figures[data-role]');
  for (const role of ['sent', 'received']) {
    await page.check(`fieldset:has(legend:text-is("Role of the table")) label:has-text("${role}") input`, { force: true });
    await page.waitForSelector(`table.figures[data-role="${role}"]`);
    for (const start of starts) {
      const record = appliance.windows(1).get(start).find(({ host }) => host.ip === ip);
      const wanted = { flows: 0, packets: 0, bytes: 0, peers: 0, src_ports: 0, dst_ports: 0, ...record?.[role] };
      for (const name of ['flows', 'packets', 'bytes', 'peers', 'src_ports', 'dst_ports']) {
        const text = await page.textContent(`tr[data-start="${start}"] td[data-figure="${name}"]`);
        assert.equal(numberOf(text), wanted[name], `${role} ${name} at ${start}`);
      }
      const duration = await page.textContent(`tr[data-start="${start}"] td[data-figure="avg_duration"]`);
      assert.equal(numberOf(duration), wanted.avg_duration ?? null);
      for (const [name, value] of Object.entries(wanted.tcp_flags ?? {}))
        assert.equal(numberOf(await page.textContent(`tr[data-start="${start}"] td[data-figure="${name}"]`)), value);
    }
  }
  await comparePlots(ip, starts);
});

/** The numbers under the cursor of each chart. */
async function comparePlots(ip, starts) {
  const charts = { Bytes: 'bytes', Packets: 'packets', 'Flow records': 'flows', Peers: 'peers', 'Destination ports': 'dst_ports' };
  for (const [title, figure] of Object.entries(charts)) {
    const chart = page.locator(`[data-chart="${title}"]`);
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.locator('.u-over').boundingBox();
    const seen = new Set();
    for (let i = 0; i < starts.length; i++) {
      // Left edges of the windows are the points; the cursor takes the nearest.
      await page.mouse.move(box.x + (box.width * (i + 0.1)) / starts.length, box.y + box.height / 2);
      const legend = (await chart.locator('.u-legend .u-value').allTextContents()).map((text) => text.trim());
      const start = `${legend[0].replace(' ', 'T')}.000Z`;
      assert.ok(starts.includes(start), `${title}: ${legend[0]}`);
      seen.add(start);
      const record = appliance.windows(1).get(start).find(({ host }) => host.ip === ip);
      assert.equal(numberOf(legend[1]), record?.sent?.[figure] ?? 0, `${title}, sent, at ${start}`);
      assert.equal(numberOf(legend[2]), record?.received?.[figure] ?? 0, `${title}, received, at ${start}`);
    }
    assert.equal(seen.size, starts.length);
  }
  const stacked = page.locator('[data-chart="Protocols, sent"]');
  await stacked.scrollIntoViewIfNeeded();
  const box = await stacked.locator('.u-over').boundingBox();
  await page.mouse.move(box.x + (box.width * 2.1) / starts.length, box.y + 20);
  const legend = await stacked.locator('.u-legend .u-value').allTextContents();
  const record = appliance.windows(1).get(starts[2]).find(({ host }) => host.ip === ip);
  const protocols = record?.sent?.protocols ?? { tcp: 0, udp: 0, icmp: 0, other: 0 };
  assert.deepEqual(legend.slice(1).map(numberOf), Object.values(protocols), 'parts of a stack are said, not their sums');
}

test('downloads are the records', async () => {
  const ip = await busyHost();
  const starts = [...appliance.windows(1).keys()].slice(-5, -1);
  const until = new Date(Date.parse(starts.at(-1)) + 1000).toISOString();
  await open(`#/host?ip=${ip}&seconds=1&from=${starts[0]}&to=${until}`);
  const [json] = await Promise.all([page.waitForEvent('download'), page.click('button:text-is("JSON")')]);
  const written = starts.map((start) => appliance.windows(1).get(start).find(({ host }) => host.ip === ip)).filter(Boolean);
  assert.deepEqual(JSON.parse(readFileSync(await json.path(), 'utf8')), written);
  const [csv] = await Promise.all([page.waitForEvent('download'), page.click('button:text-is("CSV")')]);
  const [names, ...rows] = readFileSync(await csv.path(), 'utf8').trim().split('\n').map((line) => line.split(','));
  assert.equal(rows.length, starts.length);
  const at = names.indexOf('received_bytes');
  starts.forEach((start, i) => {
    const record = appliance.windows(1).get(start).find(({ host }) => host.ip === ip);
    assert.equal(Number(rows[i][at]), record?.received?.bytes ?? 0);
  });
});

test('it is live: a host that begins to send appears without a click', async () => {
  const ip = '172.16.0.0';
  await openMap('#/map?go=172.16.0.0/24');
  await sleep(500);
  assert.deepEqual((await tooltipAt(ip)).values, {});
  const before = await page.textContent('.when');
  appliance.send({ network: '172.16.0.0/12', hosts: 20, rate: 100, seed: 2 });
  await waitFor(() => appliance.records().some(({ host }) => host?.ip === ip), `${ip} in a record`);
  await waitFor(async () => Number((await tooltipAt(ip)).values.flows) > 0, `${ip} on the map`, 10);
  assert.notEqual(await page.textContent('.when'), before);
});

test('time goes back, plays, and comes back to now', async () => {
  const ip = await busyHost();
  const network = `${ip.split('.').slice(0, 2).join('.')}.0.0/16`;
  await openMap(`#/map?go=${network}`);
  await page.focus('.track input');
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
  const start = new URLSearchParams(page.url().split('?').pop()).get('start');
  assert.ok(start, 'the address says which window');
  assert.equal(await page.getAttribute('button.live', 'aria-pressed'), 'false');
  await sleep(1500); // figures of that window have come, and later windows change nothing
  assert.equal(new URLSearchParams(page.url().split('?').pop()).get('start'), start);
  const shown = await tooltipAt(ip);
  const hosts = appliance.windows(1).get(start).filter(({ host, sent }) => sent && !host.ip.includes(':') &&
    (shown.prefix === host.ip || (shown.prefix.includes('/') && holds(shown.prefix, host.ip))));
  for (const name of ['flows', 'packets', 'bytes']) {
    const sum = hosts.reduce((total, { sent }) => total + sent[name], 0);
    assert.equal(numberOf(shown.values[name]), sum, `${name} of ${shown.prefix}`);
  }
  assert.equal(numberOf(shown.values.hosts), hosts.length);
  // What can't change may be kept.
  const kept = await page.evaluate(async (at) => (await fetch(`./api/v1/tile?seconds=1&start=${at}`)).headers.get('cache-control'), start);
  assert.match(kept, /max-age/);
  await page.click('button[aria-label="Play"]');
  await waitFor(() => new URLSearchParams(page.url().split('?').pop()).get('start') > start, 'a later window');
  await page.click('button.live');
  await waitFor(async () => (await page.getAttribute('button.live', 'aria-pressed')) === 'true', 'live again');
});

test('search finds a host, goes to a prefix, and says what it cannot read', async () => {
  const ip = await busyHost();
  await openMap();
  await page.keyboard.press('/');
  await page.keyboard.type(ip);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`h1:text-is("${ip}")`);
  await page.fill('.search input', '10.0.3');
  await page.press('.search input', 'Enter');
  await page.waitForSelector('.map canvas[data-prefix]');
  await waitFor(async () => (await page.textContent('.crumbs')).includes('10.0.3.0/24'), 'the prefix in the middle');
  await page.fill('.search input', 'nonsense');
  await page.press('.search input', 'Enter');
  assert.match(await page.textContent('.search .notice'), /nonsense is no name of a host, and can't be read; it is an address or a prefix/);
});

/** The colour that the map has at a place of the page, as CSS has it. */
const colorAt = ({ x, y }) =>
  page.evaluate(([left, top]) => {
    const canvas = [...document.querySelectorAll('.map canvas[data-prefix]')].find((each) => {
      const box = each.getBoundingClientRect();
      return left >= box.left && left < box.right && top >= box.top && top < box.bottom;
    });
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const [red, green, blue] = canvas.getContext('2d').getImageData((left - box.left) * scale, (top - box.top) * scale, 1, 1).data;
    return `rgb(${red}, ${green}, ${blue})`;
  }, [x, y]);

test('what is known of a host is on its page, in the tooltip, the list and the search, and colours the map', async () => {
  const ip = await busyHost();
  const name = 'pc "one", first floor';
  appliance.know(`10.0.0.0/8,,sw1\n172.16.0.0/12,,sw2\n${ip},"pc ""one"", first floor",\n`);
  await openMap();
  await waitFor(async () => (await page.evaluate(async (host) => (await fetch(`./api/v1/context?host=${host}`)).text(), ip)).includes('first floor'), 'the name');
  await page.fill('.search input', 'FIRST floor');
  await page.press('.search input', 'Enter');
  await page.waitForSelector(`h1:text-is("${ip}")`);
  await page.waitForSelector('.context');
  assert.equal(await page.textContent('.context dd[data-attribute="name"]'), name);
  assert.equal(await page.textContent('.context dd[data-attribute="switch"]'), 'sw1');

  const start = [...appliance.windows(1)].filter(([, hosts]) => hosts.some(({ host, sent }) => host.ip === ip && sent)).at(-1)[0];
  await open(`#/top?start=${start}&n=500&seconds=1`);
  await page.waitForSelector(`table.ranked th:has(a:text-is("${ip}")) .known`);
  assert.equal(await page.textContent(`table.ranked th:has(a:text-is("${ip}")) .known`), name);
  await page.fill('input[placeholder^="10.0.0.0/8"]', 'FIRST');
  await waitFor(async () => (await page.$$('table.ranked tbody tr')).length === 1, 'a filter by name');

  await openMap(`#/map?go=${ip}/32&start=${start}&seconds=1`);
  await waitFor(() => page.url().includes(`at=${ip}/32`), `${ip} in the middle`);
  await waitFor(async () => (await tooltipAt(ip)).values.flows > '0', 'figures');
  assert.equal(await page.textContent('.tooltip .known'), name);
  await page.selectOption('label:has-text("Colour") select', { label: 'Attribute switch' });
  await page.waitForSelector('.legend li[data-value="sw1"]');
  const colors = await page.$$eval('.legend li[data-value] i', (all) => all.map((each) => getComputedStyle(each).backgroundColor));
  assert.deepEqual([colors.length, new Set(colors).size], [2, 2]);
  await waitFor(async () => (await colorAt(await pixelOf(ip))) === colors[0], 'the colour of its switch', 10);
});

test('the map works by keyboard', async () => {
  await openMap('#/map?at=10.0.0.0/2&zoom=1');
  await page.focus('.map');
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('+');
    await sleep(200);
  }
  await waitFor(() => page.url().includes('zoom=4'), 'closer');
  const centre = () => new URLSearchParams(page.url().split('?').pop()).get('at');
  const before = centre();
  await page.keyboard.press('ArrowRight');
  await waitFor(() => centre() !== before, 'another middle');
  await page.waitForSelector('.tooltip');
  await page.keyboard.press('Enter');
  await waitFor(() => Number(new URLSearchParams(page.url().split('?').pop()).get('zoom')) > 4, 'what is in the middle');
});

test('every order shows the same figures', async () => {
  const ip = await busyHost();
  const start = [...appliance.windows(1).keys()].at(-2);
  const figures = {};
  for (const layout of ['z', 'hilbert', 'octets']) {
    await openMap(`#/map?layout=${layout}&go=${ip}/32&start=${start}`);
    await waitFor(() => page.url().includes(`at=${ip}/32`), `${ip} in the middle`);
    await sleep(800);
    await page.focus('.map');
    await page.keyboard.press('Shift'); // points at the middle
    await page.waitForSelector('.tooltip');
    figures[layout] = await page.textContent('.tooltip');
  }
  assert.match(figures.z, new RegExp(`^${ip}`));
  assert.equal(figures.hilbert, figures.z);
  assert.equal(figures.octets, figures.z);
});

test('IPv6 networks have maps of their own', async () => {
  await openMap();
  await page.selectOption('label:has-text("Address space") select', '2001:db8::/32');
  await page.waitForSelector('.map canvas[data-prefix^="2001:db8:"]');
  await waitFor(async () => (await page.textContent('.legend figcaption')) !== '', 'a legend');
});

test('the busiest hosts are those of the records, by any figure', async () => {
  const start = [...appliance.windows(1).keys()].at(-2);
  await open(`#/top?start=${start}`);
  const names = () => page.$$eval('table.ranked tbody th', (all) => all.map((each) => each.textContent));
  await page.waitForSelector('table.ranked');
  for (const [label, figure] of [['Bytes', 'bytes'], ['Flow records', 'flows']]) {
    await page.click(`table.ranked thead button:text-is("${label}")`);
    await page.waitForSelector(`[aria-sort="descending"]:has-text("${label}")`);
    await waitFor(async () => {
      const values = await page.$$eval(`table.ranked td[data-figure="${figure}"]`, (all) => all.map((each) => each.textContent));
      const wanted = appliance.windows(1).get(start).filter(({ sent }) => sent).map(({ sent }) => sent[figure]).sort((a, b) => b - a).slice(0, 100);
      return JSON.stringify(values.map(numberOf)) === JSON.stringify(wanted);
    }, `ranked by ${figure}`, 10);
  }
  await page.fill('input[placeholder^="10.0.0.0/8"]', '172.16.0.0/12');
  await waitFor(async () => (await names()).length > 0 && (await names()).every((name) => name.startsWith('172.16.')), 'a filter by prefix');
});

test('networks, exporters and the appliance say what the accounting says', async () => {
  await open('#/network?prefix=10.0.0.0/8&seconds=1');
  await page.waitForSelector('[data-chart="Hosts"] .u-over');
  await page.waitForSelector('table.ranked');
  await open('#/appliance');
  await waitFor(async () => /[1-9]/.test(await page.textContent('.gauges div:nth-child(2) dd')), 'a rate');
  await open('#/exporters');
  const decoded = () => page.textContent('td[data-count="decoded"]');
  await page.waitForSelector('td[data-count="decoded"]');
  const first = numberOf(await decoded());
  await waitFor(async () => numberOf(await decoded()) > first, 'counts that grow');
});

/** What the server answers. */
const said = async (path) => (await fetch(url(`api/v1/${path}`))).json();
const cells = (column) => page.$$eval(`table.sortable td[data-column="${column}"]`, (all) => all.map((each) => each.textContent.trim()));
const sortBy = (label) => page.click(`table.sortable thead button:text-is("${label}")`);

test('exporters are listed with their figures, and sorted by any of them', async () => {
  // A second exporter behind the same address.
  appliance.send({ network: '10.9.0.0/16', hosts: 20, rate: 5, seed: 3, format: 'v9' });
  await waitFor(async () => (await said('exporters?per=domain')).rows.filter(({ rate }) => rate.datagrams > 0).length >= 2, 'two that send', 30);
  await open('#/exporters?per=domain');
  await page.waitForSelector('table.sortable tbody tr');
  await waitFor(async () => (await cells('version')).join().includes('NetFlow v9'), 'its version');
  const rows = (await said('exporters?per=domain')).rows;
  assert.equal((await cells('version')).length, rows.length);
  await sortBy('Datagrams/s');
  await page.waitForSelector('[aria-sort="ascending"]:has-text("Datagrams/s")');
  assert.match((await cells('version'))[0], /NetFlow v9/, 'the slower one first');
  await sortBy('Datagrams/s');
  await page.waitForSelector('[aria-sort="descending"]:has-text("Datagrams/s")');
  assert.match((await cells('version'))[0], /IPFIX/, 'the faster one first');
  assert.match(page.url(), /by=datagrams/);
  for (const [i, offset] of (await cells('offset')).entries()) assert.match(offset, /^[+−]?[0-9.]+ (ms|s)$/, `clock offset of row ${i}`);
  assert.ok((await cells('templates')).every((count) => numberOf(count) > 0), 'templates are known');
  assert.ok((await cells('refreshed')).every((age) => /^[0-9]+ s$/.test(age)), 'and were sent lately');
  assert.deepEqual([...new Set(await cells('loss'))], ['0 %']);
  assert.deepEqual([...new Set(await cells('sampling'))], ['none']);
  // By address they are one, whose counts are the sums.
  await page.check('label:has-text("Address") input[type=radio]', { force: true });
  await waitFor(async () => (await cells('version')).length === 1, 'one row');
  assert.match((await cells('version'))[0], /NetFlow v9, IPFIX/);
  await page.fill('input[placeholder^="Part of an address"]', '192.0.2.');
  await page.waitForSelector('.notice:has-text("No exporter")');
});

test('the appliance says how its cores, memory and sinks are, and what was dropped why', async () => {
  const socket = createSocket('udp4');
  const junk = Buffer.from([0, 77, 0, 0]);
  await new Promise((done) => socket.send(junk, 2055, '10.77.0.1', done));
  socket.close();
  await waitFor(async () => (await said('stats')).datagrams.dropped.unknown_version > 0, 'a dropped datagram');
  await open('#/appliance');
  const row = (name) => page.waitForSelector(`tr[data-row="${name}"]`);
  await row('datagrams unknown_version');
  assert.ok(numberOf((await cells('count'))[0]) > 0);
  await waitFor(async () => numberOf((await cells('ever'))[0]) > 0, 'a longest loop');
  assert.equal((await cells('busy')).length, Object.keys((await said('stats')).workers).length);
  const sinks = Object.keys((await said('stats')).sinks);
  for (const sink of sinks) await row(sink);
  await waitFor(async () => numberOf((await cells('delivered'))[0]) > 0, 'records delivered');
  const memory = (name) => page.textContent(`tr[data-memory="${name}"] td:last-child`);
  const { tables, sketches } = (await said('stats')).memory;
  assert.equal(sketches.bytes_of_each_table, 16 * 2 ** 20);
  assert.match((await memory('Host tables')).replace(/\s/g, ' '), new RegExp(`of ${tables.all}, at most`));
  assert.match((await memory('Hosts in the last window')).replace(/\s/g, ' '), / of 20 000$/);
  const dpdk = (await page.$('tr[data-memory="Hugepages"]')) ? 'Hugepages' : 'DPDK, without hugepages';
  assert.match(await memory(dpdk), /^[0-9.]+ .?B of [0-9.]+ .?B$/);
});

test('a server that is away is said, and comes back by itself', async () => {
  await openMap();
  const started = Date.now();
  await appliance.stop('SIGKILL');
  await page.waitForSelector('.connection[data-connected="false"]:has-text("does not answer")');
  assert.ok(Date.now() - started < 10_000);
  await appliance.start();
  await page.waitForSelector('.connection[data-connected="true"]', { timeout: 30_000 });
  const before = await page.textContent('.when');
  await waitFor(async () => (await page.textContent('.when')) !== before, 'a window of the new run');
  // What was before is still there.
  await page.focus('.track input');
  await page.keyboard.press('Home');
  const first = new URLSearchParams(page.url().split('?').pop()).get('start');
  assert.ok(Date.parse(first) < started, 'windows of the run before');
});

test('nothing went wrong that nobody saw', async () => {
  assert.deepEqual(problems, []);
});
