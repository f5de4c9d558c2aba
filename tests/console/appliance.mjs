// The appliance on a virtual cable, what sends to it, and the records that it wrote.
import { spawn } from 'node:child_process';
import { openSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = process.env.HOSTSCOPE;
const ADDRESS = '10.77.0.1';
const SECONDS = 60;

export async function waitFor(condition, what, seconds = SECONDS) {
  const deadline = Date.now() + 1000 * seconds;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(50);
  }
}

export class Appliance {
  constructor(folder) {
    this.folder = folder;
    this.port = 0;
    this.senders = [];
    writeFileSync(
      join(folder, 'c.yaml'),
      `observer: {name: mon1}
windows: [1s, 5s]
networks: [10.0.0.0/8, 172.16.0.0/12, "2001:db8::/32"]
cores: {idle_sleep: 1ms}
memory: {hosts: 20000, sketches: 16MiB}
top: {peers: 5, dst_ports: 5}
sinks:
  ndjson:
    - path: ${folder}/hosts.ndjson
store: {path: ${folder}/store}
context: {files: [${folder}/hosts.csv], check_interval: 1s}
`,
    );
    this.know('10.0.0.0/8,,sw1\n172.16.0.0/12,,sw2\n');
  }

  /** What is known of hosts: lines of prefix,name,switch. It is read within a second. */
  know(lines) {
    const path = join(this.folder, 'hosts.csv');
    writeFileSync(`${path}.new`, `prefix,name,switch\n${lines}`);
    renameSync(`${path}.new`, path);
  }

  log() {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  async start() {
    // AF_XDP where the kernel has it.
    for (const driver of ['net_af_xdp0', 'net_af_packet0']) {
      const log = openSync(join(this.folder, 'log'), 'w');
      const device = `${driver},iface=port0`;
      const listen = `127.0.0.1:${this.port}`;
      const words = ['run', '-c', join(this.folder, 'c.yaml'), '--device', device, '--address', ADDRESS, '--http', listen];
      this.process = spawn(program, words, { stdio: ['ignore', 'ignore', log] });
      const isUp = () => /HTTP at http:\/\/127\.0\.0\.1:(\d+)/.exec(this.log()) ?? this.process.exitCode !== null;
      const up = await waitFor(isUp, 'the start of the appliance');
      if (up === true) continue;
      this.port = Number(up[1]);
      return;
    }
    throw new Error(`the appliance did not start:\n${this.log()}`);
  }

  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill(signal);
    await waitFor(() => this.process.exitCode !== null || this.process.signalCode !== null, 'the end of the appliance');
  }

  /** Flow records of hosts in these networks, until stopSenders(). */
  send({ network, network6 = '2001:db8::/32', hosts, rate, share6 = 0, seed = 1, format = 'ipfix' }) {
    const words = ['generate', '--format', format, '--udp', `${ADDRESS}:2055`, '--rate', rate, '--hosts', hosts, '--seed', seed];
    words.push('--ipv4-network', network, '--ipv6-network', network6, '--ipv6-share', share6, '--duration', '1h');
    this.senders.push(spawn(program, words.map(String), { stdio: 'ignore' }));
  }

  stopSenders() {
    for (const sender of this.senders) sender.kill();
    this.senders = [];
  }

  /** What was written so far, whole lines only. */
  records() {
    const path = join(this.folder, 'hosts.ndjson');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Windows of a length that are written as a whole: host records by start. */
  windows(seconds) {
    const hosts = new Map();
    const whole = new Map();
    for (const record of this.records()) {
      if (record.window.seconds !== seconds) continue;
      const { start } = record.window;
      if (record.host?.ip) hosts.set(start, [...(hosts.get(start) ?? []), record]);
      if (record.summary) whole.set(start, hosts.get(start) ?? []);
    }
    return whole;
  }
}
