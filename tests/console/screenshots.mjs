// The pictures of docs/console.md: the console with a made-up campus. Run by console_test.py where HOSTSCOPE_SCREENSHOTS
// names their folder.
import { createSocket } from 'node:dgram';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { Appliance, waitFor } from './appliance.mjs';

const WINDOWS = 45; // of a second, so that series have something to show
const appliance = new Appliance(mkdtempSync(join(tmpdir(), 'hostscope-pictures-')));

// Networks of different sizes in 10.20.0.0/16, and two far away.
function sendCampus() {
  const subnets = [[0, 22, 800], [4, 24, 190], [5, 24, 60], [8, 23, 320], [16, 21, 1400], [24, 24, 30], [33, 24, 240]];
  subnets.push([40, 22, 500], [52, 24, 110], [64, 20, 2600], [81, 24, 200], [88, 22, 700], [100, 24, 25], [112, 22, 900]);
  subnets.push([130, 23, 400], [140, 24, 80], [144, 21, 1200], [160, 24, 128], [176, 22, 640], [200, 24, 250], [224, 21, 1700]);
  subnets.forEach(([octet, length, hosts], i) =>
    appliance.send({ network: `10.20.${octet}.0/${length}`, hosts, rate: 30 + hosts / 8, seed: i + 1, share6: i === 0 ? 0.3 : 0 }));
  appliance.send({ network: '172.16.0.0/12', hosts: 300, rate: 60, seed: 50, format: 'v9' });
  const socket = createSocket('udp4'); // what is dropped, and why
  for (let i = 0; i < 30; i++) socket.send(Buffer.from([0, i, 0, 0]), 2055, '10.77.0.1', () => i === 29 && socket.close());
  appliance.send({ network: '172.16.0.0/16', hosts: 40, rate: 15, seed: 51, format: 'v5' });
}

async function main() {
  await appliance.start();
  sendCampus();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    await waitFor(() => appliance.windows(1).size > WINDOWS, `${WINDOWS} windows`, 120);
    for (const colorScheme of ['dark', 'light']) {
      const page = await browser.newPage({ viewport: { width: 1180, height: 680 }, timezoneId: 'UTC', colorScheme, reducedMotion: 'reduce' });
      const shoot = async (name, hash, prepare) => {
        await page.goto('about:blank');
        await page.goto(`http://127.0.0.1:${appliance.port}/${hash}`);
        await page.waitForSelector('.connection[data-connected="true"]');
        await sleep(2500);
        await prepare?.();
        await page.screenshot({ path: join(process.env.HOSTSCOPE_SCREENSHOTS, `${name}.png`) });
      };
      const hosts = [...appliance.windows(5).values()].at(-1).filter(({ host, sent, received }) => host.ip.startsWith('10.20.') && sent && received);
      const busiest = hosts.sort((a, b) => b.sent.flows - a.sent.flows)[0].host.ip;
      if (colorScheme === 'dark') {
        await shoot('console-map', '#/map?go=10.20.0.0/16&seconds=5', () => page.mouse.move(521, 121));
        await shoot('console-host', `#/host?ip=${busiest}&seconds=1&last=30`);
        await shoot('console-exporters', '#/exporters?per=domain');
      } else {
        await shoot('console-octets', '#/map?at=10.20.68.140/32&zoom=11&seconds=5&layout=octets&metric=flows&palette=cividis');
        await shoot('console-network', '#/network?prefix=10.20.0.0/16&seconds=1&last=30');
        await shoot('console-appliance', '#/appliance');
      }
      await page.close();
    }
  } finally {
    await browser.close();
    appliance.stopSenders();
    await appliance.stop();
  }
}

await main();
