import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { readQcow2 } from "../fake-host/qcow2.ts";
import { type Guests, guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, createWorld, layout, planOf, root, runOn, summary } from "./world.ts";

async function after(options: Guests): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, guests(options));
  return machine;
}

const plan = async (machine: Machine, options: Guests) => planOf(await runOn(machine.boot(), guests(options)));

const directoryOf = (machine: Machine) => layout.instance(machine.libvirtd.find("web")?.uuid ?? "");

/** Target, file and format of each disk of the guest. */
function disksOf(machine: Machine): string[] {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  const xml = machine.libvirtd.document(domain, true);
  return Array.from(
    xml.matchAll(/<disk [^>]*device=.(\w+).[^>]*>([\s\S]*?)<\/disk>/g),
    ([, device, body = ""]) =>
      `${/<target [^>]*dev=.(\w+)/.exec(body)?.[1]} ${device} ${/file=.[^'"]*\/([^'"/]+)./.exec(body)?.[1]} ${/type=.(\w+)/.exec(body)?.[1]}`,
  );
}

test("Nova BLK-07, GEN-08, GEN-09: a flavor's ephemeral and swap are planned, made, and stand before the config drive", async () => {
  const machine = createWorld();
  const wanted: Guests = { ephemeral: "2GiB", swap: "512MiB" };
  const first = await plan(machine, wanted);
  assert.deepEqual(
    first.changes.map(({ address }) => address),
    ["image/debian", "disk/web.root", "disk/web.local", "disk/web.swap", "seed/web", "domain/web"],
  );
  const summaries = first.actions.filter(({ type }) => type === "disk.create").map((action) => action.summary);
  assert.deepEqual(summaries.slice(1), ["create qcow2 disk of 2GiB with ext4", "create qcow2 swap disk of 512MiB"]);
  await applied(machine, guests(wanted));
  assert.deepEqual(disksOf(machine), [
    "vda disk disk qcow2",
    "vdb disk disk.local qcow2",
    "vdc disk disk.swap qcow2",
    "sda cdrom disk.config raw",
  ]);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
});

test("Nova GEN-04 … GEN-06: templates are named by everything that made them, so no guest gets another one's filesystem", async () => {
  const machine = await after({ ephemeral: "4GiB", swap: "512MiB", ephemerals: "[ { size: 2GiB }, { size: 2GiB, format: vfat } ]" });
  const names = machine.files.walk().flatMap(([path]) => /\/_base\/((?:ephemeral|swap)_.*)$/.exec(path)?.[1] ?? []);
  assert.equal(names.length, 3);
  assert.match(names[0] ?? "", /^ephemeral_2GiB_ext4_ephemeral0_[0-9a-f]{7}$/);
  assert.match(names[1] ?? "", /^ephemeral_2GiB_vfat_ephemeral1_[0-9a-f]{7}$/);
  assert.match(names[2] ?? "", /^swap_512MiB_[0-9a-f]{7}$/);
  for (const name of names) assert.equal(machine.files.file(`${root}/_base/${name}`, "open").mode & 0o777, 0o444);
  const { unmanaged } = await plan(machine, { ephemeral: "4GiB" });
  assert.deepEqual(
    unmanaged.filter(({ what }) => what === "base-file").map(({ name }) => name),
    ["notes.txt"],
  );
});

test("Nova FLAT-03: a flat disk is formatted in its place, with an identity of its own", async () => {
  const machine = await after({ imagesType: "flat", ephemeral: "1GiB", ephemerals: "[ { size: 512MiB }, { size: 512MiB, format: xfs } ]" });
  const starts = ["disk.eph0", "disk.eph1"].map(
    (name) =>
      contentOf(machine.files, `${directoryOf(machine)}/${name}`)
        .subarray(0, 100)
        .toString("latin1")
        .split("\n")[0],
  );
  assert.match(starts[0] ?? "", /^fake ext4 label=ephemeral0 uuid=[0-9a-f-]{36}$/);
  assert.match(starts[1] ?? "", /^fake xfs label=ephemeral1 uuid=uuid=[0-9a-f-]{36}$/);
  assert.notEqual(starts[0]?.slice(-36), starts[1]?.slice(-36));
  assert.equal(
    machine.files.walk().some(([path]) => path.includes("_base/ephemeral")),
    false,
  );
});

for (const [imagesType, other] of [
  ["flat", "qcow2"],
  ["qcow2", "raw"],
] as const) {
  test(`Nova INFO-03: a ${imagesType} disk that was recorded as ${other} is an error of the plan, of a volume as well`, async () => {
    const options: Guests = { imagesType, sections: "volumes:\n  data: { size: 64MiB }\n" };
    const machine = await after(options);
    for (const [path] of machine.files.walk().filter(([path]) => path.endsWith("/disk.info"))) {
      const changed = contentOf(machine.files, path)
        .toString("utf8")
        .replaceAll(/:"(raw|qcow2)"/g, `:"${other}"`);
      machine.put(path, changed);
    }
    const { diagnostics } = await plan(machine, options);
    assert.deepEqual(diagnostics.map(({ severity, code, address }) => [severity, code, address]).sort(), [
      ["error", "disk-format-changed", "disk/web.root"],
      ["error", "disk-format-changed", "volume/data"],
    ]);
    assert.match(diagnostics[0]?.detail ?? "", /disk\.info/);
  });
}

test("Nova BLD-21: ephemerals beyond the flavor's, and disks too small for their filesystem, are errors of the plan", async () => {
  const over = await plan(createWorld(), { ephemeral: "1GiB", ephemerals: "[ { size: 1GiB }, { size: 1GiB } ]" });
  assert.deepEqual(
    over.diagnostics.map(({ code }) => code),
    ["ephemerals-exceed-flavor"],
  );
  assert.match(over.diagnostics[0]?.detail ?? "", /ephemeral: 2GiB or more into flavor small/);
  const small = await plan(createWorld(), { ephemeral: "1GiB", ephemerals: "[ { size: 100MiB, format: xfs } ]" });
  assert.deepEqual(
    small.diagnostics.map(({ code, address }) => [code, address]),
    [["disk-too-small-for-filesystem", "disk/web.eph0"]],
  );
});

test("Nova GEN-09, BLD-21: the swap of an instance overrides that of its flavor, up to its size; without one there is none", async () => {
  const own = (size: string): Guests => ({ swap: "1GiB", more: `    swap: ${size}\n` });
  const machine = await after(own("512MiB"));
  assert.deepEqual(disksOf(machine).slice(1), ["vdb disk disk.swap qcow2", "sda cdrom disk.config raw"]);
  const first = await plan(createWorld(), own("512MiB"));
  assert.deepEqual(
    first.changes.find(({ address }) => address === "disk/web.swap")?.fields.map(({ path, new: fresh }) => [path, fresh]),
    [
      ["filesystem", "swap"],
      ["size", 2 ** 29],
      ["backend", "qcow2"],
    ],
  );
  assert.deepEqual(summary(await plan(machine, own("512MiB"))), []);
  const without = await plan(machine, own("0MiB"));
  assert.deepEqual(
    without.changes.map(({ address, verb }) => `${verb} ${address}`),
    ["update seed/web", "update domain/web", "delete disk/web.swap"],
  );
  await applied(machine, guests(own("0MiB")));
  assert.deepEqual(disksOf(machine).slice(1), ["sda cdrom disk.config raw"]);
  assert.deepEqual(summary(await plan(machine, own("0MiB"))), []);
  const over = await plan(createWorld(), own("2GiB"));
  assert.deepEqual(
    over.diagnostics.map(({ code }) => code),
    ["swap-exceeds-flavor"],
  );
  assert.match(over.diagnostics[0]?.detail ?? "", /swap: 2GiB or more into flavor small/);
});

test("Nova GEN-02: what is declared wins over the host's default, and that over the image's system; a default is for new disks", async () => {
  const declared = "[ { size: 1GiB }, { size: 1GiB, format: ntfs } ]";
  const wanted = (host: string, properties = "", size = "1GiB") =>
    guests({ ephemeral: "4GiB", ephemerals: declared.replace("1GiB", size) })
      .replace("images_type: qcow2", `images_type: qcow2${host}`)
      .replace("disk_format: qcow2", `disk_format: qcow2${properties}`);
  const filesystems = async (yaml: string, machine = createWorld()) =>
    planOf(await runOn(machine.boot(), yaml)).then(({ changes }) =>
      changes.flatMap(({ fields }) => fields.flatMap(({ path, new: fresh }) => (path === "filesystem" ? [fresh] : []))),
    );
  assert.deepEqual(await filesystems(wanted("")), ["ext4", "ntfs"]);
  assert.deepEqual(await filesystems(wanted("", "\n    properties: { os_type: windows }")), ["ntfs", "ntfs"]);
  const xfs = ", default_ephemeral_format: xfs";
  assert.deepEqual(await filesystems(wanted(xfs, "\n    properties: { os_type: windows }")), ["xfs", "ntfs"]);

  const machine = createWorld();
  await applied(machine, wanted(""));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted(xfs)))), []);
  // It grows as what it is, and is not taken for what new ones get; 100MiB would be too little for a new xfs.
  await applied(machine, wanted(xfs, "", "2GiB"));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted(xfs, "", "2GiB")))), []);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted("", "", "2GiB")))), []);
  assert.match(contentOf(machine.files, `${directoryOf(machine)}/virtform.json`).toString(), /"filesystem": ?"ext4"/);
  const asked = wanted("", "", "2GiB").replace("size: 2GiB", "size: 2GiB, format: xfs");
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), asked))), ["replace disk/web.eph0: filesystem changed"]);
  const small = (host: string) => wanted(host, "", "100MiB");
  const codes = async (yaml: string, on: Machine) => (await planOf(await runOn(on.boot(), yaml))).diagnostics.map(({ code }) => code);
  assert.deepEqual(await codes(small(xfs), createWorld()), ["disk-too-small-for-filesystem"]);
  const other = createWorld();
  await applied(other, small(""));
  assert.deepEqual(await codes(small(xfs), other), []);
});

for (const imagesType of ["qcow2", "flat"] as const) {
  for (const power of ["running", "stopped"] as const) {
    test(`${imagesType}, ${power}: an ephemeral disk grows in place and never shrinks`, async () => {
      const machine = await after({ imagesType, power, ephemeral: "1GiB" });
      const larger: Guests = { imagesType, power, ephemeral: "2GiB" };
      const growing = await plan(machine, larger);
      assert.deepEqual(
        growing.changes.map(({ address, verb, fields }) => [address, verb, fields[0]?.old, fields[0]?.new]),
        [["disk/web.local", "update", 2 ** 30, 2 ** 31]],
      );
      await applied(machine, guests(larger));
      assert.deepEqual(summary(await plan(machine, larger)), []);
      const smaller = await plan(machine, { imagesType, power, ephemeral: "1GiB" });
      assert.deepEqual(
        smaller.diagnostics.map(({ code, address }) => [code, address]),
        [["disk-shrink-refused", "disk/web.local"]],
      );
    });

    test(`${imagesType}, ${power}, Nova RSZ-04: a swap disk is recreated at another size, larger or smaller, and no data is lost`, async () => {
      const machine = await after({ imagesType, power, swap: "512MiB", more: "    prevent_destroy: true\n" });
      for (const [swap, old, bytes] of [
        ["1GiB", 2 ** 29, 2 ** 30],
        ["256MiB", 2 ** 30, 2 ** 28],
      ] as const) {
        const wanted: Guests = { imagesType, power, swap, more: "    prevent_destroy: true\n" };
        const remaking = await plan(machine, wanted);
        const effect = power === "running" ? "restart" : "none";
        assert.deepEqual(remaking.diagnostics, []);
        assert.deepEqual(
          remaking.changes.filter(({ address }) => address.startsWith("disk/")).map(({ address, verb, fields }) => [address, verb, fields]),
          [["disk/web.swap", "update", [{ path: "size", old, new: bytes, effect, cause: "config" }]]],
        );
        assert.deepEqual(
          remaking.actions
            .filter(({ type }) => !type.startsWith("seed.") && type !== "domain.define")
            .map(({ id, destroys }) => [id, destroys]),
          [
            ...(power === "running" ? [["domain/web#stop", undefined]] : []),
            ["disk/web.swap#remove", undefined],
            ["disk/web.swap#create", undefined],
            ...(power === "running" ? [["domain/web#start", undefined]] : []),
          ],
        );
        const started = machine.libvirtd.find("web")?.id;
        await applied(machine, guests(wanted));
        assert.deepEqual(summary(await plan(machine, wanted)), []);
        const domain = machine.libvirtd.find("web");
        assert.equal(domain?.live !== undefined, power === "running");
        if (power === "running") assert.notEqual(domain?.id, started, "what it swaps to is what is there");
        const disk = machine.files.file(`${directoryOf(machine)}/disk.swap`, "open").content;
        assert.equal(readQcow2(disk)?.virtualSize ?? disk.size, bytes);
        if (imagesType === "flat")
          assert.match(
            contentOf(machine.files, `${directoryOf(machine)}/disk.swap`)
              .subarray(0, 9)
              .toString(),
            /fake swap/,
          );
        else assert.match(readQcow2(disk)?.backing ?? "", new RegExp(`swap_${swap}_`));
      }
    });
  }
}

test("a disk that leaves the configuration is a loss to be agreed to; it goes while its guest runs, and other disks keep their names", async () => {
  const machine = await after({ ephemeral: "1GiB", swap: "512MiB" });
  const without: Guests = { swap: "512MiB" };
  const leaving = await plan(machine, without);
  assert.deepEqual(
    summary(leaving).map((line) => line.replace(/;.*/, "")),
    [
      // Its metadata names the disks.
      "update seed/web: its content changes",
      "update domain/web: the configuration changed",
      "delete disk/web.local: no longer in the configuration",
    ],
  );
  assert.deepEqual(
    leaving.actions.map(({ id, destroys }) => [id, destroys]),
    [
      ["seed/web#update", undefined],
      ["seed/web#exchange", undefined],
      ["domain/web#release", undefined],
      ["domain/web#define", undefined],
      ["disk/web.local#remove", "1GiB disk web.local"],
    ],
  );
  const afterwards = (id: string) => leaving.actions.find((action) => action.id === id)?.after;
  assert.deepEqual(afterwards("disk/web.local#remove"), ["domain/web#define"]);
  assert.ok(afterwards("domain/web#define")?.includes("domain/web#release"));
  await applied(machine, guests(without));
  assert.equal(machine.libvirtd.find("web")?.live !== undefined, true);
  assert.deepEqual(disksOf(machine).slice(0, 2), ["vda disk disk qcow2", "vdc disk disk.swap qcow2"]);
  assert.equal(machine.files.find(`${directoryOf(machine)}/disk.local`), undefined);
  assert.deepEqual(summary(await plan(machine, without)), []);
});

test("Nova RBD-14: what a guest gives back is passed on unless the host says otherwise, from the next boot on", async () => {
  const machine = await after({ swap: "512MiB" });
  const kept = guests({ swap: "512MiB" }).replace("virt_type: qemu,", "virt_type: qemu, hw_disk_discard: ignore,");
  const discards = () => {
    const domain = machine.libvirtd.find("web");
    assert.ok(domain);
    return Array.from(machine.libvirtd.document(domain, true).matchAll(/discard='(\w+)'/g), ([, value]) => value);
  };
  assert.deepEqual(discards(), ["unmap", "unmap"]);
  const changing = await planOf(await runOn(machine.boot(), kept));
  assert.deepEqual(
    changing.changes.flatMap(({ fields }) => fields.map(({ path, new: fresh, effect }) => [path, fresh, effect])),
    [
      ["disks.vda.discard", "ignore", "next_boot"],
      ["disks.vdb.discard", "ignore", "next_boot"],
    ],
  );
  await applied(machine, kept);
  assert.deepEqual(discards(), ["ignore", "ignore"]);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), kept))), []);
});

test("another filesystem means another disk, with consent", async () => {
  const machine = await after({ ephemeral: "1GiB", ephemerals: "[ { size: 1GiB, format: ext4 } ]" });
  const other: Guests = { ephemeral: "1GiB", ephemerals: "[ { size: 1GiB, format: xfs } ]" };
  const replacing = await plan(machine, other);
  assert.deepEqual(summary(replacing), ["replace disk/web.eph0: filesystem changed"]);
  assert.deepEqual(
    replacing.actions.flatMap(({ destroys }) => destroys ?? []),
    ["1GiB disk web.eph0"],
  );
  await applied(machine, guests(other));
  assert.deepEqual(summary(await plan(machine, other)), []);
});

test("the grown disk of a running guest is asked for by its path, and one that waits for the next start is grown as a file", async () => {
  const one = { ephemeral: "4GiB", ephemerals: "[ { size: 1GiB } ]" };
  const machine = await after(one);
  await applied(machine, guests({ ...one, ephemerals: "[ { size: 1GiB }, { size: 1GiB } ]" }));
  const larger: Guests = { ...one, ephemerals: "[ { size: 2GiB }, { size: 2GiB } ]" };
  await applied(machine, guests(larger));
  assert.deepEqual(summary(await plan(machine, larger)), []);
});

const full: Guests = { ephemeral: "1GiB", swap: "512MiB" };
const stories: Readonly<Record<string, readonly [Guests | undefined, Guests]>> = {
  create: [undefined, { ...full, ephemerals: "[ { size: 512MiB }, { size: 512MiB, format: vfat } ]" }],
  "create on flat": [undefined, { ...full, imagesType: "flat" }],
  "further disks for a running guest": [{}, full],
  growth: [full, { ephemeral: "2GiB", swap: "1GiB" }],
  "smaller swap": [full, { ...full, swap: "256MiB" }],
  removal: [full, { swap: "512MiB" }],
  "another division": [full, { ...full, ephemerals: "[ { size: 1GiB, format: ext3 } ]" }],
};
for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  for (const [name, [before, wanted]] of Object.entries(stories)) {
    test(`${name}, ${way}`, async () => {
      const from = before === undefined ? createWorld() : await after(before);
      const kills = await killEverywhere({ from, yaml: guests(wanted) }, way);
      assert.ok(kills >= 4, `only ${kills} effects`);
    });
  }
}
