import assert from "node:assert/strict";
import { test } from "node:test";
import { pipelined } from "../../../../src/host/ssh/pipelined.ts";
import { type Channel, DialError } from "../../../../src/model/channel.ts";
import { UnreachableError } from "../../../../src/model/errors.ts";
import type { Host } from "../../../../src/model/host.ts";
import { createCaller } from "../../../../src/tools/libvirt/caller.ts";
import { createLibvirt } from "../../../../src/tools/libvirt/client.ts";
import { LibvirtError } from "../../../../src/tools/libvirt/libvirt-error.ts";
import { procedures } from "../../../../src/tools/libvirt/rpc/procedures.ts";
import { createMachine, type Machine } from "../../../fake-host/machine.ts";

const uuid = "11111111-2222-4333-8444-555555555501";
const domainXml = (name: string, id: string, more = "") =>
  `<domain type='qemu'><name>${name}</name><uuid>${id}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>${more}</domain>`;

function libvirtOn(machine: Machine, more: { readonly looksOnly?: boolean; readonly uri?: string; readonly host?: Partial<Host> } = {}) {
  const { looksOnly = false, uri = "qemu:///system" } = more;
  const host = { ...machine.boot(), ...more.host } as Host;
  return createLibvirt(createCaller({ host, uri, looksOnly }));
}

test("a domain's record: both definitions, reason, autostart, persistence", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  await libvirt.define(domainXml("web", uuid));
  await libvirt.setAutostart(uuid, true);
  assert.deepEqual(
    [await libvirt.domain(uuid)].map((record) => [
      record?.name,
      record?.power,
      record?.reason,
      record?.autostart,
      record?.persistent,
      record?.active,
    ]),
    [["web", "stopped", "unknown", true, true, null]],
  );
  await libvirt.start(uuid);
  await libvirt.define(domainXml("web", uuid).replace("64", "128"));
  const running = await libvirt.domain(uuid);
  assert.deepEqual([running?.power, running?.reason], ["running", "booted"]);
  assert.match(running?.active ?? "", /65536/);
  assert.match(running?.xml ?? "", /131072/);
  assert.deepEqual(await libvirt.domains((record) => record), [running]);
  await libvirt.close();
});

test("a thousand domains, each read once, with a window of four calls on two connections", async () => {
  const machine = createMachine();
  for (let at = 0; at < 1000; at += 1)
    machine.libvirtd.define(domainXml(`guest-${at}`, `11111111-2222-4333-8444-${String(at).padStart(12, "0")}`));
  let channels = 0;
  const host = machine.boot();
  const dial = host.dial;
  const libvirt = libvirtOn(machine, {
    host: {
      dial: async (path) => {
        const channel = await dial(path);
        channels += 1;
        return channel;
      },
    },
  });
  const names = await libvirt.domains(({ name }) => name);
  assert.equal(new Set(names).size, 1000);
  assert.equal(channels, 2);
  await libvirt.close();
});

test("over ssh, all that is asked for together goes out together, and the first looks with the login: few turns with any number of domains", async () => {
  const turnsFor = async (count: number, sendsOpening: boolean) => {
    const machine = createMachine();
    for (let at = 0; at < count; at += 1)
      machine.libvirtd.define(domainXml(`guest-${at}`, `11111111-2222-4333-8444-${String(at).padStart(12, "0")}`));
    const booted = machine.boot();
    let turns = 0;
    let answered = true;
    const libvirt = libvirtOn(machine, {
      host: {
        libvirtUri: "qemu:///system",
        dial: async (path, opening) => {
          const channel = await booted.dial(path);
          const further = sendsOpening ? opening?.further : undefined;
          // As the helper on the host sends it, once the calls were asked for.
          await new Promise((resolve) => setTimeout(resolve));
          const bytes = further?.bytes() ?? Buffer.alloc(0);
          const there: Channel = {
            ended: channel.ended,
            onData: () => undefined,
            write(bytes) {
              if (answered) turns += 1;
              answered = false;
              // The way there: whatever is written meanwhile arrives with it.
              setTimeout(() => channel.write(bytes), 20);
            },
            close: () => channel.close(),
          };
          channel.onData = (received) => {
            setTimeout(() => {
              answered = true;
              there.onData(received);
            }, 20);
          };
          if (opening === undefined || further === undefined) return there;
          const client = pipelined(there, [opening.first, opening.second, bytes], [opening.expected, further.expected]);
          channel.write(Buffer.concat([opening.first, opening.second, bytes]));
          return client;
        },
      },
    });
    const found = await libvirt.domains(({ uuid: id }) => id);
    assert.equal(found.length, count);
    const looked = turns;
    await libvirt.close();
    return looked;
  };
  for (const count of [10, 500]) {
    // Two for the login, one for the lists, one for the definitions, and room for one.
    const turns = await turnsFor(count, false);
    assert.ok(turns <= 5, `${turns} turns for ${count}`);
    // The definitions only.
    assert.equal(await turnsFor(count, true), 1);
  }
});

test("over ssh, the connections that changes at a time take are opened before them; on this machine they are not", async () => {
  const opened = async (where: Partial<Host>) => {
    const machine = createMachine();
    const booted = machine.boot();
    let channels = 0;
    const dial: Host["dial"] = (path) => {
      channels += 1;
      return booted.dial(path);
    };
    const libvirt = libvirtOn(machine, { host: { ...where, dial } });
    await libvirt.domains(({ name }) => name);
    const [before, changes] = [channels, Array.from({ length: 9 }, (_, at) => `11111111-2222-4333-8444-${String(at).padStart(12, "0")}`)];
    libvirt.warm(changes.length);
    // Time to log in.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ahead = channels - before;
    await Promise.all(changes.map((id, at) => libvirt.define(domainXml(`guest-${at}`, id))));
    await libvirt.close();
    return { ahead, later: channels - before - ahead };
  };
  assert.deepEqual(await opened({ libvirtUri: "qemu:///system" }), { ahead: 2, later: 0 });
  assert.equal((await opened({})).ahead, 0);
});

for (const looksOnly of [false, true]) {
  test(`a login is the opening that the dial was given${looksOnly ? ", also on the read-only socket" : ""}`, async () => {
    const machine = createMachine();
    const booted = machine.boot();
    const given: object[] = [];
    const written: Buffer[] = [];
    const answers: Buffer[] = [];
    const libvirt = libvirtOn(machine, {
      looksOnly,
      host: {
        libvirtUri: "qemu:///system",
        dial: async (path, opening) => {
          if (looksOnly && !path.endsWith("-ro")) throw new DialError(path, "denied", "permission denied");
          const channel = await booted.dial(path.replace(/-ro$/, ""));
          // When the helper would send it: after the calls were asked for.
          await new Promise((resolve) => setTimeout(resolve));
          given.push({ ...opening, further: { ...opening?.further, bytes: opening?.further?.bytes() } });
          const there: Channel = {
            ended: channel.ended,
            onData: () => undefined,
            write(bytes) {
              written.push(Buffer.from(bytes));
              channel.write(bytes);
            },
            close: () => channel.close(),
          };
          channel.onData = (bytes) => {
            answers.push(bytes);
            there.onData(bytes);
          };
          return there;
        },
      },
    });
    await libvirt.node();
    await libvirt.close();
    assert.equal(given.length, 1);
    const received = Buffer.concat(answers);
    // A message begins with its length.
    const end = received.readUInt32BE(0);
    const expected = received.subarray(0, end);
    const further = { expected: received.subarray(end, end + received.readUInt32BE(end)), bytes: written[2] };
    assert.deepEqual(given[0], { first: written[0], expected, second: written[1], further });
  });
}

test("as many changes at a time as are asked for", async () => {
  const machine = createMachine();
  const ids = Array.from({ length: 30 }, (_, at) => `11111111-2222-4333-8444-${String(at).padStart(12, "0")}`);
  for (const [at, id] of ids.entries()) machine.libvirtd.define(domainXml(`guest-${at}`, id));
  let channels = 0;
  const host = machine.boot();
  const dial = host.dial;
  const libvirt = libvirtOn(machine, {
    host: {
      dial: async (path) => {
        const channel = await dial(path);
        channels += 1;
        return channel;
      },
    },
  });
  await Promise.all(ids.map((id) => libvirt.start(id)));
  assert.ok(channels * 4 >= 30, `${channels} connections`);
  assert.equal(machine.libvirtd.all().filter(({ state }) => state === 1).length, 30);
  await libvirt.close();
});

test("what is done already is fine, by the state and not by words", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  await libvirt.define(domainXml("web", uuid));
  for (const work of [libvirt.shutdown, libvirt.destroy, libvirt.discardMemory]) await work(uuid);
  await libvirt.start(uuid);
  await libvirt.start(uuid);
  await libvirt.resume(uuid);
  await libvirt.destroy(uuid);
  await libvirt.undefine(uuid);
  for (const work of [libvirt.undefine, libvirt.destroy]) await work(uuid);
  assert.equal(await libvirt.domain(uuid), undefined);
  assert.equal(await libvirt.definition(uuid), undefined);
  assert.equal(await libvirt.inUse(uuid), undefined);
  await assert.rejects(libvirt.start(uuid), (error) => error instanceof LibvirtError && error.number === 42);
  await libvirt.close();
});

test("a refusal keeps libvirt's numbers and words, and the remedy is the detail of its diagnostic", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  const nic = "<devices><interface type='network'><source network='the lan'/></interface></devices>";
  await libvirt.define(domainXml("web", uuid, nic));
  machine.libvirtd.networks.set("the lan", false);
  await assert.rejects(libvirt.start(uuid), (error) => {
    assert.ok(error instanceof LibvirtError);
    assert.deepEqual([error.number, error.domain, error.code], [55, 19, "libvirt-refused"]);
    assert.match(error.diagnostics[0]?.summary ?? "", /^Starting domain .* failed: .*network 'the lan' is not active$/);
    assert.match(error.diagnostics[0]?.detail ?? "", /`virsh net-start 'the lan'`/);
    return true;
  });
  await assert.rejects(libvirt.define(domainXml("web", uuid.replace("1", "2"))), /already exists/);
  await libvirt.close();
});

test("a domain that libvirt refuses to describe is left out, if the caller asks for that", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  await libvirt.define(domainXml("web", uuid));
  await libvirt.define(domainXml("db", uuid.replace("1", "2")));
  const document = machine.libvirtd.document;
  machine.libvirtd.document = (domain, inactive) => {
    if (domain.name === "web") throw new Error("internal error: unreadable");
    return document(domain, inactive);
  };
  const failed: string[] = [];
  const names = await libvirt.domains(
    ({ name }) => name,
    ({ name }, error) => failed.push(`${name}: ${String(error)}`),
  );
  assert.deepEqual(names, ["db"]);
  assert.match(failed.join(), /^web: LibvirtError: Reading domain web failed: internal error: unreadable\. The log of libvirt/);
  await assert.rejects(
    libvirt.domains(({ name }) => name),
    /Reading domain web failed/,
  );
  await libvirt.close();
});

test("secrets: defined, set, listed by prefix with their mark, removed", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  const document = (mark: string) =>
    `<secret ephemeral='yes' private='yes'><uuid>${uuid}</uuid><description>${mark}x</description><usage type='volume'><volume>virtform/a/b</volume></usage></secret>`;
  await libvirt.defineSecret(uuid, document("not ready: "));
  assert.deepEqual(await libvirt.secrets("virtform/a/"), [{ uuid, usage: "virtform/a/b", ready: false }]);
  await libvirt.setSecretValue(uuid, "sesame ü");
  await libvirt.defineSecret(uuid, document(""));
  assert.equal(machine.libvirtd.secrets.find(uuid)?.value, "sesame ü");
  assert.deepEqual(await libvirt.secrets("virtform/a/"), [{ uuid, usage: "virtform/a/b", ready: true }]);
  assert.deepEqual(await libvirt.secrets("virtform/other/"), []);
  assert.equal(await libvirt.hasSecret(uuid), true);
  await libvirt.undefineSecret(uuid);
  await libvirt.undefineSecret(uuid);
  assert.equal(await libvirt.hasSecret(uuid), false);
  await libvirt.close();
});

test("the trace names every call, its subject, time and end, and no secret", async () => {
  const lines: string[] = [];
  const libvirt = libvirtOn(createMachine(), { host: { onTrace: (what, ms) => lines.push(`${what} ${ms >= 0}`) } });
  await libvirt.defineSecret(
    uuid,
    `<secret ephemeral='yes' private='yes'><uuid>${uuid}</uuid><usage type='volume'><volume>v</volume></usage></secret>`,
  );
  await libvirt.setSecretValue(uuid, "sesame");
  await libvirt.domain(uuid);
  assert.ok(lines.includes(`libvirt SECRET_SET_VALUE ${uuid}: ok true`), lines.join("\n"));
  assert.ok(lines.some((line) => line.startsWith(`libvirt DOMAIN_GET_XML_DESC ${uuid}: Domain not found`)));
  assert.ok(!lines.join().includes("sesame"));
  await libvirt.close();
});

test("a watch reports events of its domain only", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  await libvirt.define(domainXml("web", uuid));
  await libvirt.define(domainXml("db", uuid.replace("1", "2")));
  const { signal } = new AbortController();
  using watch = libvirt.watch(uuid);
  assert.equal(await watch.next(5000, signal), true, "libvirt begins to report");
  assert.equal(await watch.next(50, signal), false);
  await libvirt.start(uuid.replace("1", "2"));
  assert.equal(await watch.next(50, signal), false);
  await libvirt.start(uuid);
  assert.equal(await watch.next(5000, signal), true);
  const stop = new AbortController();
  const waiting = watch.next(5000, stop.signal);
  stop.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
  await libvirt.close();
});

test("a connection that is lost is an UnreachableError for what waits, and the next call connects again", async () => {
  const machine = createMachine();
  const libvirt = libvirtOn(machine);
  await libvirt.define(domainXml("web", uuid));
  machine.libvirtd.up = false;
  await assert.rejects(libvirt.domain(uuid), UnreachableError);
  await assert.rejects(libvirt.domain(uuid), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.diagnostics[0]?.detail ?? "", /systemctl start libvirtd/);
    return true;
  });
  machine.libvirtd.up = true;
  assert.equal((await libvirt.domain(uuid))?.name, "web");
  await libvirt.close();
});

test("a user without rights: the group is named; looks use the read-only socket", async () => {
  const machine = createMachine();
  machine.libvirtd.define(domainXml("web", uuid));
  machine.libvirtd.sockets.set("/run/libvirt/libvirt-sock", "denied");
  await assert.rejects(libvirtOn(machine).domain(uuid), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.diagnostics[0]?.summary ?? "", /libvirt-sock: permission denied/);
    assert.match(error.diagnostics[0]?.detail ?? "", /usermod -aG libvirt/);
    return true;
  });
  const looking = libvirtOn(machine, { looksOnly: true });
  assert.equal((await looking.domain(uuid))?.name, "web");
  assert.equal(looking.readOnly, true);
  await assert.rejects(looking.start(uuid), (error) => error instanceof LibvirtError && error.number === 29);
  await looking.close();
});

test("a user whom polkit refuses: the group and the rule are named; looks use the read-only socket", async () => {
  const machine = createMachine();
  machine.libvirtd.define(domainXml("web", uuid));
  machine.libvirtd.sockets.set("/run/libvirt/libvirt-sock", "unauthorized");
  await assert.rejects(libvirtOn(machine).domain(uuid), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.diagnostics[0]?.detail ?? "", /usermod -aG libvirt[\s\S]*polkit-1\/rules\.d/);
    return true;
  });
  const looking = libvirtOn(machine, { looksOnly: true });
  assert.deepEqual(await looking.secrets(""), []);
  assert.equal((await looking.domain(uuid))?.name, "web");
  assert.equal(looking.readOnly, true);
  await looking.close();
});

test("split daemons: domains at virtqemud, secrets at virtsecretd or, where it has no socket, at virtqemud too", async () => {
  for (const secrets of [true, false]) {
    const machine = createMachine();
    machine.libvirtd.sockets.clear();
    machine.libvirtd.sockets.set("/run/libvirt/virtqemud-sock", "open");
    if (secrets) machine.libvirtd.sockets.set("/run/libvirt/virtsecretd-sock", "open");
    const dialled: string[] = [];
    const { dial } = machine.boot();
    const host = {
      dial: (path: string) => {
        dialled.push(path.replace("/run/libvirt/", ""));
        return dial(path);
      },
    };
    const libvirt = libvirtOn(machine, { host });
    assert.deepEqual(await libvirt.secrets("x"), []);
    assert.deepEqual(await libvirt.domains(({ name }) => name), []);
    assert.equal(dialled.includes("virtsecretd-sock"), true);
    assert.equal(dialled.includes("libvirt-sock"), false);
    await libvirt.close();
  }
});

test("a session: the runtime directory or the cache, and the daemon is started where nothing listens", async () => {
  for (const [runtimeDirectory, path] of [
    ["/run/user/1000", "/run/user/1000/libvirt/libvirt-sock"],
    [null, "/home/me/.cache/libvirt/libvirt-sock"],
  ] as const) {
    const machine = createMachine();
    machine.libvirtd.sockets.clear();
    machine.put("/usr/sbin/libvirtd", "");
    const commands: string[] = [];
    const libvirt = libvirtOn(machine, {
      uri: "qemu:///session",
      host: {
        account: async () => ({
          root: false,
          uid: 1000,
          gid: 1000,
          runtimeDirectory,
          cacheDirectory: "/home/me/.cache",
          stateDirectory: "/home/me/.local/state",
        }),
        run: async ({ program, args }) => {
          commands.push([program, ...args].join(" "));
          machine.libvirtd.sockets.set(path, "open");
          return { exitCode: 0, stdout: "", stderr: "" };
        },
      },
    });
    assert.deepEqual(await libvirt.domains(({ name }) => name), []);
    assert.deepEqual(commands, ["/usr/sbin/libvirtd --daemon --timeout 120"]);
    await libvirt.close();
  }
});

test("an answer that never comes names the call", async () => {
  const machine = createMachine();
  const host = machine.boot();
  const caller = createCaller({
    host: {
      ...host,
      dial: async (path: string) => {
        const channel = await host.dial(path);
        const write = channel.write;
        channel.write = (bytes) => {
          if (Buffer.from(bytes).readInt32BE(12) !== 59) write(bytes);
        };
        return channel;
      },
    } as unknown as Host,
    uri: "qemu:///system",
    looksOnly: false,
  });
  await assert.rejects(caller.call({ ...procedures.hostname, deadlineMs: 20 }, undefined, "the host"), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(error.message, /did not answer CONNECT_GET_HOSTNAME of the host within 0.02 s/);
    return true;
  });
  await caller.close();
});

test("a daemon that lets clients connect and says nothing is given up after 30 s", async (t) => {
  const silent: Channel = { write: () => undefined, onData: () => undefined, ended: new Promise(() => undefined), close: () => undefined };
  const host = { ...createMachine().boot(), dial: async () => silent } as unknown as Host;
  const caller = createCaller({ host, uri: "qemu:///system", looksOnly: true });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const call = caller.call(procedures.listDomains, { needResults: 1, flags: 0 }).catch((error: unknown) => error);
  // The timer starts when the first message is written.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  t.mock.timers.tick(30_000);
  const error = await Promise.race([call, new Promise((resolve) => setImmediate(resolve))]);
  assert.ok(error instanceof UnreachableError, "no longer than 30 s");
  assert.match(error.message, /qemu:\/\/\/system did not answer AUTH_LIST within 30 s.*still be starting/);
});

test("requests for the filters at the same time share one look; a later one asks again", async () => {
  const machine = createMachine();
  const calls: string[] = [];
  const libvirt = libvirtOn(machine, { host: { onTrace: (text) => void calls.push(text) } });
  await libvirt.defineFilter("web", "<filter name='web'><uuid>11111111-2222-4333-8444-555555555501</uuid></filter>");
  calls.length = 0;
  const [one, other] = await Promise.all([libvirt.filters("w"), libvirt.filters("w")]);
  assert.deepEqual(
    one?.own.map(({ name }) => name),
    ["web"],
  );
  assert.equal(one, other);
  assert.deepEqual(
    calls.filter((call) => call.includes("NWFILTER")),
    ["libvirt CONNECT_LIST_NWFILTERS: ok", "libvirt NWFILTER_LOOKUP_BY_NAME web: ok", "libvirt NWFILTER_GET_XML_DESC web: ok"],
  );
  assert.notEqual(await libvirt.filters("w"), one);
  await libvirt.close();
});
