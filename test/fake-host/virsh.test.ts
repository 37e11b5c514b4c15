import assert from "node:assert/strict";
import { test } from "node:test";
import { Killed } from "./life.ts";
import { createMachine, type Machine } from "./machine.ts";
import { makeQcow2 } from "./qcow2.ts";
import { virshCommands } from "./virsh-words.ts";

const uuid = "11111111-2222-4333-8444-555555555501";
const other = "11111111-2222-4333-8444-555555555502";

function domainXml(options: { name?: string; uuid?: string; devices?: string; type?: string } = {}): string {
  return `<domain type='${options.type ?? "qemu"}'><name>${options.name ?? "web"}</name><uuid>${options.uuid ?? uuid}</uuid><metadata><v:x xmlns:v="urn:v">{"a":"b &amp; c"}</v:x></metadata><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${options.devices ?? ""}</devices></domain>`;
}

const disk =
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/d/disk'/><target dev='vda' bus='virtio'/></disk>";

/** Says lines to `virsh -q`, then gives what came on both outputs. */
async function talk(machine: Machine, ...lines: string[]): Promise<{ out: string; err: string; exitCode: number | undefined }> {
  const conversation = machine.boot().open({ program: "virsh", args: ["-q", "-c", "qemu:///system"] });
  let [out, err] = ["", ""];
  conversation.onOutput = (text) => {
    out += text;
  };
  conversation.onError = (text) => {
    err += text;
  };
  conversation.write(`${lines.join("\n")}\n`);
  conversation.write("quit\n");
  const { exitCode } = await conversation.ended;
  return { out, err, exitCode };
}

test("prompts and echoes what it reads, long lines with readline's redrawing", async () => {
  const { out } = await talk(createMachine(), "echo hello", `echo ${"0123456789".repeat(10)}`);
  const digits = "0123456789".repeat(10);
  const typed = `echo ${digits}`;
  assert.equal(out, `virsh # echo hello\nhellovirsh # ${typed.slice(0, 73)}\r${typed.slice(72)}\n${digits}virsh # quit\n`);
});

test("echo --err goes to standard error; a line with an unknown command does nothing at all", async () => {
  const { out, err } = await talk(
    createMachine(),
    'echo --err "a""b";echo c',
    "echo x;nosuch;echo y",
    "list --nonsense",
    "list extra",
    "dominfo",
  );
  assert.equal(
    err,
    "error: ab\nerror: unknown command: 'nosuch'\nerror: command 'list' doesn't support option --nonsense\nerror: unexpected data 'extra'\nerror: command 'dominfo' requires <domain> option\n",
  );
  assert.ok(out.includes("\ncvirsh"));
  assert.ok(!out.includes("\nx"));
});

test("a failed command does not keep the rest of its line from running", async () => {
  const { out, err } = await talk(createMachine(), "echo a;domstate nope;echo b");
  assert.ok(out.includes("abvirsh"));
  assert.equal(err, "error: failed to get domain 'nope'\n");
});

test("words: quotes, backslashes, semicolons", () => {
  assert.deepEqual(virshCommands(`define '/a b/it'\\''s';echo "x;y" z`), [
    ["define", "/a b/it's"],
    ["echo", "x;y", "z"],
  ]);
  assert.equal(virshCommands("echo 'open"), undefined);
});

test("define: stores more than was given, and refuses a name or a uuid that is taken", async () => {
  const machine = createMachine();
  machine.put(
    "/a.xml",
    domainXml({ devices: `${disk}<serial type='pty'><log file='/d/log'/></serial><channel type='unix'><target type='virtio'/></channel>` }),
  );
  machine.put("/b.xml", domainXml({ uuid: other }));
  machine.put("/c.xml", domainXml({ name: "renamed" }));
  machine.put("/bad.xml", "<domain");
  machine.put("/nameless.xml", `<domain type='qemu'><uuid>${other}</uuid></domain>`);
  const { out, err } = await talk(
    machine,
    "define /a.xml",
    "define /b.xml",
    "define /c.xml",
    "define /none.xml",
    "define /bad.xml",
    "define /nameless.xml",
    `dumpxml --inactive ${uuid}`,
  );
  assert.match(err, new RegExp(`from /b.xml\nerror: operation failed: domain 'web' already exists with uuid ${uuid}\n`));
  assert.match(err, new RegExp(`from /c.xml\nerror: operation failed: domain 'web' is already defined with uuid ${uuid}\n`));
  assert.match(err, /Failed to open file '\/none.xml': No such file or directory\n/);
  assert.match(err, /from \/bad.xml\n/);
  assert.match(err, /missing name information/);
  for (const added of [
    "machine='pc-q35-7.2'",
    "<memory unit='KiB'>65536</memory>",
    "<currentMemory",
    "<emulator>",
    "model='pcie-root-port'",
    "<address type='pci'",
    "type='virtio-serial'",
    "<console",
    "<vcpu placement='static'>1</vcpu>",
  ])
    assert.ok(out.includes(added), added);
  assert.ok(!out.includes("<alias"));
  assert.ok(out.indexOf("<name>") < out.indexOf("<uuid>"));
  assert.match(out, /b &amp; c/);
});

test("kvm is refused where there is none", async () => {
  const machine = createMachine();
  machine.put("/a.xml", domainXml({ type: "kvm" }));
  assert.match((await talk(machine, "define /a.xml")).err, /type=kvm/);
  assert.ok(!(await talk(machine, "capabilities")).out.includes("kvm"));
});

test("start: every file that qemu needs has to be there, and the network active", async () => {
  const machine = createMachine();
  machine.put("/a.xml", domainXml({ devices: `${disk}<interface type='network'><source network='lan'/></interface>` }));
  const start = async () => (await talk(machine, "define /a.xml", `start ${uuid}`)).err;
  assert.match(await start(), /Failed to start domain 'web'\nerror: Cannot access storage file '\/d\/disk': No such file/);
  machine.put("/d/disk", "not qcow2");
  assert.match(await start(), /not in qcow2 format/);
  machine.files.write("/d/disk", makeQcow2({ size: 1e6, backing: { path: "/d/base", format: "raw" } }));
  assert.match(await start(), /Cannot access backing file '\/d\/base' of storage file '\/d\/disk'/);
  machine.put("/d/base", "x");
  assert.match(await start(), /no network with matching name 'lan'/);
  machine.libvirtd.networks.set("lan", false);
  assert.match(await start(), /network 'lan' is not active/);
  machine.libvirtd.networks.set("lan", true);
  assert.equal(await start(), "");
  assert.match(await start(), /Domain is already active/);
  machine.put("/b.xml", domainXml({ name: "thief", uuid: other, devices: disk }));
  assert.match((await talk(machine, "define /b.xml", "start thief")).err, /"write" lock/);
});

test("a missing kernel and a missing directory of the console log stop a start; a start writes the log", async () => {
  const machine = createMachine();
  machine.put(
    "/a.xml",
    domainXml({ devices: "<serial type='pty'><log file='/d/console.log' append='off'/></serial>" }).replace(
      "</os>",
      "<kernel>/k</kernel></os>",
    ),
  );
  assert.match((await talk(machine, "define /a.xml", "start web")).err, /unable to stat: \/k/);
  machine.put("/k", "kernel");
  assert.match((await talk(machine, "start web")).err, /console.log: No such file/);
  machine.files.makeDirectories("/d");
  assert.equal((await talk(machine, "start web")).err, "");
  assert.ok((await machine.boot().files.stat("/d/console.log"))?.size);
});

test("running guests: live XML has more, a definition waits for the next start, shutdown and destroy end them", async () => {
  const machine = createMachine();
  machine.files.makeDirectories("/d");
  machine.files.write("/d/disk", makeQcow2({ size: 2 ** 20 }));
  machine.put("/a.xml", domainXml({ devices: disk }));
  machine.put("/a2.xml", domainXml({ devices: disk }).replace("64", "128"));
  const { out, err } = await talk(
    machine,
    "define /a.xml",
    "start web",
    "define /a2.xml",
    "dumpxml web",
    "echo SPLIT",
    "dumpxml --inactive web",
    "domstats --state --raw",
    "list --uuid",
  );
  assert.equal(err, "");
  const [live, inactive] = out.split("SPLITvirsh");
  assert.match(live ?? "", /<alias name=/);
  assert.match(live ?? "", /65536/);
  assert.match(inactive ?? "", /131072/);
  assert.match(out, /Domain: 'web'\n {2}state\.state=1\n/);
  assert.match(
    (
      await talk(
        machine,
        "blockresize web vda --size 2097152B",
        "blockresize web vdz --size 1B",
        "suspend web",
        "domstate web",
        "shutdown web",
        "resume web",
        "shutdown web",
        "domstate web",
        "destroy web",
      )
    ).err,
    /Failed to resize block device 'vdz'\nerror: invalid argument: disk 'vdz' was not found[\s\S]*domain is not running/,
  );
  assert.equal(machine.libvirtd.find("web")?.state, 5);
});

test("a deaf guest does not hear the power button", async () => {
  const machine = createMachine();
  machine.put("/a.xml", domainXml());
  machine.libvirtd.deaf.add("web");
  const { out } = await talk(machine, "define /a.xml", "start web", "shutdown web", "domstate web", "destroy web", "domstate web");
  assert.match(out, /running\n[\s\S]*shut off\n/);
});

test("undefine: unknown, saved, and running, which goes on until it is off", async () => {
  const machine = createMachine();
  machine.put("/a.xml", domainXml());
  assert.match((await talk(machine, `undefine ${uuid}`)).err, /failed to get domain/);
  await talk(machine, "define /a.xml", "start web");
  assert.equal((await talk(machine, "undefine web --managed-save --nvram --snapshots-metadata")).err, "");
  assert.match((await talk(machine, "list --all --uuid --transient")).out, new RegExp(`\n${uuid}\n`));
  assert.match((await talk(machine, "undefine web")).err, /cannot undefine transient domain/);
  await talk(machine, "destroy web");
  assert.equal(machine.libvirtd.find("web"), undefined);
  await talk(machine, "define /a.xml");
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  await talk(machine, "start web", "managedsave web");
  assert.match((await talk(machine, "undefine web")).err, /managed save image exists/);
  assert.equal((await talk(machine, "undefine web --managed-save")).err, "");
});

test("managed save: the guest goes on with what ran, whatever was defined since, unless its disks are not what they were", async () => {
  const machine = createMachine();
  machine.files.makeDirectories("/d");
  machine.files.write("/d/disk", makeQcow2({ size: 2 ** 20 }));
  machine.put("/a.xml", domainXml({ devices: disk }));
  machine.put("/a2.xml", domainXml({ devices: disk }).replace("64", "128"));
  assert.match((await talk(machine, "define /a.xml", "managedsave web")).err, /domain is not running/);
  assert.match((await talk(machine, "managedsave-dumpxml web")).err, /^error: .*domain does not have managed save image\n$/);
  assert.equal((await talk(machine, "managedsave-remove web")).err, "");
  const saving = ["start web", "suspend web", "managedsave web", "list --all --uuid --with-managed-save"];
  assert.match((await talk(machine, ...saving)).out, new RegExp(`${uuid}\n`));
  assert.match((await talk(machine, "domrename web other")).err, /managed saved state can't be renamed/);
  assert.match((await talk(machine, "managedsave-dumpxml web")).out, /65536/);
  const { out } = await talk(machine, "define /a2.xml", "start web", "domstate web", "dumpxml web", "dumpxml --inactive web");
  assert.match(out, /paused\n[\s\S]*65536[\s\S]*131072/);
  assert.doesNotMatch((await talk(machine, "list --all --uuid --with-managed-save")).out, new RegExp(uuid));

  await talk(machine, "managedsave web");
  machine.files.write("/d/disk", makeQcow2({ size: 2 ** 21 }));
  assert.match((await talk(machine, "start web", "domstate web")).out, /crashed\n/);
});

test("domrename: only a domain that is off, only to a free name; domuuid knows names alone, domname uuids alone", async () => {
  const machine = createMachine();
  machine.put("/a.xml", domainXml());
  machine.put("/b.xml", domainXml({ name: "db", uuid: other }));
  await talk(machine, "define /a.xml", "define /b.xml", "start db");
  assert.match((await talk(machine, `domrename ${uuid} db`)).err, /already exists/);
  assert.match((await talk(machine, "domrename db x")).err, /cannot rename active domain/);
  assert.equal((await talk(machine, `domrename ${uuid} site`)).err, "");
  assert.match((await talk(machine, "domuuid site", `domuuid ${uuid}`)).err, /failed to get domain/);
  assert.match((await talk(machine, "domuuid site")).out, new RegExp(uuid));
  assert.match((await talk(machine, "domname site")).err, /failed to get domain/);
  assert.match((await talk(machine, `domname ${uuid}`)).out, /\nsite\n/);
  assert.match((await talk(machine, `dumpxml ${uuid}`)).out, /<name>site</);
});

test("libvirt that is down says so and ends virsh", async () => {
  const machine = createMachine();
  machine.libvirtd.up = false;
  const { err, exitCode } = await talk(machine, "list");
  assert.equal(exitCode, 1);
  assert.match(err, /failed to connect to the hypervisor/);
});

test("a kill ends the conversation, with the command not done", async () => {
  const machine = createMachine();
  machine.put("/a.xml", domainXml());
  const host = machine.boot();
  host.dieAfter(0);
  const conversation = host.open({ program: "virsh", args: ["-q"] });
  conversation.write("define /a.xml\n");
  assert.deepEqual(await conversation.ended, { exitCode: undefined });
  assert.throws(() => conversation.write("list\n"), Killed);
  assert.deepEqual(machine.libvirtd.all(), []);
});
