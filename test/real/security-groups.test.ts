import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { type IsolatedNetwork, isolatedNetwork } from "./support/isolated-network.ts";
import { type GuestShell, shellGuest, shellOf } from "./support/shell-guest.ts";
import { until } from "./support/until.ts";
import { createWorkspace, guestImages, roomy, type Workspace, writeConfig } from "./support/workspace.ts";

const macs = { web: "52:54:00:91:00:01", db: "52:54:00:91:00:02", other: "52:54:00:91:00:03" } as const;
type Name = keyof typeof macs;
const hosts: Readonly<Record<Name, number>> = { web: 10, db: 20, other: 30 };

/** Rules of the two groups. */
interface Rules {
  readonly web: readonly object[];
  readonly db: readonly object[];
}

const before: Rules = {
  web: [
    { protocol: "tcp", ports: 80, cidr: "0.0.0.0/0" },
    { protocol: "tcp", ports: 22 },
    { protocol: "tcp", ports: 2200 },
    { protocol: "icmp", icmp_type: 8 },
    { protocol: "icmpv6", icmp_type: 128 },
  ],
  db: [
    { protocol: "tcp", ports: 5432, group: "web" },
    { protocol: "udp", ports: 53 },
  ],
};
const after: Rules = {
  web: [
    { protocol: "tcp", ports: 81, cidr: "0.0.0.0/0" },
    { protocol: "tcp", ports: 22 },
    { protocol: "tcp", ports: 2200 },
  ],
  db: before.db,
};

async function want(workspace: Workspace, net: IsolatedNetwork, rules: Rules, pairs: readonly object[] = []): Promise<void> {
  const files = await shellGuest(workspace.directory);
  const instances = Object.entries(hosts).map(([name, host]): [string, object] => [
    `${workspace.prefix}-${name}`,
    {
      image: "tiny",
      flavor: "small",
      config_drive: false,
      ...(name === "other"
        ? { networks: [{ network: net.name, mac: macs.other }] }
        : {
            networks: [
              {
                network: net.name,
                mac: macs[name as Name],
                addresses: [`${net.v4}.${host}`, `${net.v6}${host}`],
                ...(name === "web" && pairs.length > 0 ? { allowed_address_pairs: pairs } : {}),
              },
            ],
            security_groups: [name],
          }),
    },
  ]);
  await writeConfig(workspace, {
    host: { allocation_ratio: { ...roomy, disk: 100 } },
    images: guestImages(files),
    flavors: { small: { vcpus: 1, ram: "128MiB", disk: "64MiB" } },
    security_groups: { web: { rules: rules.web }, db: { rules: rules.db, egress: "rules" } },
    instances: Object.fromEntries(instances),
  });
}

const ports = [22, 80, 81, 5432];

async function prepare(shell: GuestShell, net: IsolatedNetwork, host: number): Promise<void> {
  await shell.run(`ip addr add ${net.v4}.${host}/24 dev eth0; ip -6 addr add ${net.v6}${host}/64 dev eth0`);
  for (const port of ports) await shell.start(`nc -ll -p ${port} -e echo open-${port}`);
}

type Probe = readonly [from: Name, to: Name, what: string];

const probes: readonly Probe[] = [
  ["other", "web", "ping"],
  ["other", "web", "ping6"],
  ["other", "web", "tcp 22"],
  ["other", "web", "tcp6 22"],
  ["other", "web", "tcp 80"],
  ["other", "web", "tcp6 80"],
  ["other", "web", "tcp 81"],
  ["other", "db", "tcp 5432"],
  ["other", "db", "ping"],
  ["other", "db", "udp 53"],
  ["other", "db", "udp6 53"],
  ["other", "web", "udp 53"],
  ["other", "web", "udp6 53"],
  ["web", "db", "tcp 5432"],
  ["web", "db", "tcp6 5432"],
  ["web", "db", "tcp 22"],
  ["web", "other", "tcp 22"],
  ["db", "other", "tcp 22"],
];

async function passes(shells: Readonly<Record<Name, GuestShell>>, net: IsolatedNetwork, [from, to, what]: Probe): Promise<boolean> {
  const [protocol = "", port = ""] = what.split(" ");
  const address = protocol.endsWith("6") ? `${net.v6}${hosts[to]}` : `${net.v4}.${hosts[to]}`;
  const shell = shells[from];
  if (protocol.startsWith("udp")) {
    const before = await strayDatagrams(shells[to]);
    await shell.run(`timeout 3 nslookup virtform.test ${address}`);
    return (await strayDatagrams(shells[to])) > before;
  }
  if (protocol.startsWith("ping")) return (await shell.run(`ping -c 1 -W 2 ${address}`)).code === 0;
  return (await shell.run(`timeout 4 nc -w 3 ${address} ${port}`)).output.includes(`open-${port}`);
}

/** Datagrams that reached a guest, where nothing listens on their port. */
async function strayDatagrams(shell: GuestShell): Promise<number> {
  const { output } = await shell.run("cat /proc/net/snmp /proc/net/snmp6");
  const [v4, v6] = [/^Udp: \d+ (\d+)/m.exec(output)?.[1], /^Udp6NoPorts\s+(\d+)/m.exec(output)?.[1]];
  assert.ok(v4 !== undefined && v6 !== undefined, output);
  return Number(v4) + Number(v6);
}

/** What passes, `from → to what`. What should and does not is tried again: a machine with much to do loses packets in time. */
async function matrix(
  t: TestContext,
  title: string,
  {
    shells,
    net,
    allowed,
  }: { readonly shells: Readonly<Record<Name, GuestShell>>; readonly net: IsolatedNetwork; readonly allowed: readonly string[] },
): Promise<void> {
  const seen: Record<string, string> = {};
  const expected: Record<string, string> = {};
  for (const probe of probes) {
    const [from, to, what] = probe;
    const should = allowed.includes(probe.join(" "));
    let does = false;
    for (let tries = should ? 4 : 1; tries > 0 && !does; tries -= 1) does = await passes(shells, net, probe);
    const name = `${from} → ${to} ${what}`;
    seen[name] = does ? "allowed" : "refused";
    expected[name] = should ? "allowed" : "refused";
  }
  t.diagnostic([title, ...Object.entries(seen).map(([what, how]) => `  ${what.padEnd(24)} ${how}`)].join("\n"));
  assert.deepEqual(seen, expected);
}

const stays = [
  "other db udp 53",
  "other db udp6 53",
  "other web tcp 22",
  "other web tcp6 22",
  "web db tcp 5432",
  "web db tcp6 5432",
  "web other tcp 22",
];

test("guests reach each other as their security groups say, before and after a live edit", async (t) => {
  const workspace = await createWorkspace(t);
  const net = await isolatedNetwork(t, workspace);
  await want(workspace, net, before);
  await apply(workspace);
  await assertConverged(workspace);
  const full = (name: Name) => `${workspace.prefix}-${name}`;
  const shells = {
    web: await shellOf(t, workspace, full("web")),
    db: await shellOf(t, workspace, full("db")),
    other: await shellOf(t, workspace, full("other")),
  };
  for (const name of ["web", "db", "other"] as const) await prepare(shells[name], net, hosts[name]);

  await matrix(t, "before the edit", { shells, net, allowed: [...stays, "other web ping", "other web ping6", "other web tcp 80"] });

  await t.test("a guest sends neither from another IP address nor from another MAC address", async () => {
    const { web } = shells;
    const target = `${net.v4}.${hosts.other}`;
    assert.equal((await web.run(`ping -c 1 -W 2 ${target}`)).code, 0);
    await web.run(`ip addr add ${net.v4}.99/24 dev eth0`);
    assert.notEqual((await web.run(`ping -c 1 -W 2 -I ${net.v4}.99 ${target}`)).code, 0, "another IPv4 address");
    assert.equal((await web.run(`ping -c 1 -W 2 ${target}`)).code, 0);
    await web.run(`ip -6 addr add ${net.v6}99/64 dev eth0`);
    assert.notEqual((await web.run(`ping -6 -c 1 -W 2 -I ${net.v6}99 ${net.v6}${hosts.other}`)).code, 0, "another IPv6 address");
    await web.run(`ip link set eth0 down; ip link set eth0 address 52:54:00:91:00:77; ip link set eth0 up`);
    assert.notEqual((await web.run(`ping -c 1 -W 2 ${target}`)).code, 0, "another MAC address");
    await web.run(
      `ip link set eth0 down; ip link set eth0 address ${macs.web}; ip link set eth0 up; ip -6 addr add ${net.v6}${hosts.web}/64 dev eth0`,
    );
    await until("the network to be back", 20, async () => (await web.run(`ping -c 1 -W 2 ${target}`)).code === 0 || undefined);
  });

  await t.test("an edit is live, its plan names the rules, and connections that are still allowed go on", async () => {
    await shells.web.start("sleep 1000 | nc -l -p 2200 >/tmp/heard");
    await shells.other.run("mkfifo /tmp/words");
    await shells.other.start(`nc ${net.v4}.${hosts.web} 2200 </tmp/words`);
    await shells.other.start("sleep 1000 >/tmp/words");
    await shells.other.run("echo before >/tmp/words");
    await until("the first words", 20, async () => (await shells.web.run("cat /tmp/heard")).output.includes("before") || undefined);

    await want(workspace, net, after);
    const planned = await virtform("plan", workspace.directory);
    t.diagnostic(planned.stdout);
    assert.match(planned.stdout, /\+ tcp 81 from 0\.0\.0\.0\/0\n/);
    assert.match(planned.stdout, /- tcp 80 from 0\.0\.0\.0\/0\n/);
    assert.match(planned.stdout, /Effect: {3}live/);
    assert.match(planned.stdout, /Plan: 0 to add, 1 to change, 0 to destroy/);
    await apply(workspace);
    await assertConverged(workspace);

    await shells.other.run("echo after >/tmp/words");
    await until("the words after the edit", 20, async () => (await shells.web.run("cat /tmp/heard")).output.includes("after") || undefined);
  });

  await matrix(t, "after the edit", { shells, net, allowed: [...stays, "other web tcp 81"] });

  await t.test("a guest sends from its allowed address pairs, and from no others", async () => {
    const { web } = shells;
    const [virtual, virtual6, mac] = [`${net.v4}.99`, `${net.v6}99`, "52:54:00:91:00:77"];
    await want(workspace, net, after, [
      { address: virtual },
      { address: virtual6 },
      { address: `${net.v4}.96/30`, mac },
      { address: virtual6, mac },
    ]);
    const planned = await virtform("plan", workspace.directory);
    assert.match(planned.stdout, /sends from \S+\.96\/30 as well, with MAC address 52:54:00:91:00:77/, planned.stdout);
    await apply(workspace);
    await assertConverged(workspace);
    const sends = async (from: string) => {
      const [family, to] = from.includes(":") ? ["-6 ", `${net.v6}${hosts.other}`] : ["", `${net.v4}.${hosts.other}`];
      return (await web.run(`ping ${family}-c 1 -W 2 -I ${from} ${to}`)).code === 0;
    };
    const addresses = `for a in 97 98 99; do ip addr add ${net.v4}.$a/24 dev eth0; done; ip -6 addr add ${virtual6}/64 dev eth0; ip -6 addr add ${net.v6}98/64 dev eth0`;
    await web.run(addresses);
    await until("the allowed address", 20, async () => (await sends(virtual)) || undefined);
    await until("the allowed IPv6 address", 20, async () => (await sends(virtual6)) || undefined);
    assert.equal(await sends(`${net.v4}.98`), false, "an address that is allowed with another MAC address only");
    assert.equal(await sends(`${net.v6}98`), false, "another IPv6 address");

    await web.run(`ip link set eth0 down; ip link set eth0 address ${mac}; ip link set eth0 up; ${addresses}`);
    await until("an address of the allowed subnet with the other MAC address", 30, async () => (await sends(`${net.v4}.98`)) || undefined);
    await until("the IPv6 address with the other MAC address", 30, async () => (await sends(virtual6)) || undefined);
    assert.equal(await sends(`${net.v4}.${hosts.web}`), false, "its own address with another MAC address");
  });
});
