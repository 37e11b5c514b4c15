import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { AnyDriver, BaseRef, DiskSpec, Surroundings } from "../../../src/drivers/driver.ts";
import { deviceMap } from "../../../src/kinds/guest/device-map.ts";
import { domainFields } from "../../../src/kinds/guest/state.ts";
import { wantedFields } from "../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../src/kinds/guest/xml.ts";
import { allDone } from "../../../src/model/all-done.ts";
import type { Context } from "../../../src/model/context.ts";
import { UserError } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import type { HostFacts } from "../../../src/model/host-facts.ts";
import type { HostSettings } from "../../../src/model/settings.ts";
import { luksImage } from "../../../src/tools/luks.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { hostFacts } from "../../support/host-facts.ts";
import { tableRow } from "../../unit/drivers/table.ts";
import { plainSpec } from "../../unit/kinds/guest/specs.ts";
import { imageOf, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";
import { dyingHost } from "../support/dying-host.ts";
import { type GuestMachine, startGuest } from "./guest.ts";
import "../../support/quick-luks.ts";

/** The machine that the disks are on, as the tests use it beside virtform. */
export interface Machine {
  /** Runs a program, which has to succeed, and gives its output. */
  run(program: string, ...args: readonly string[]): string;
  /** Makes a file there a copy of one here. */
  put(from: string, to: string): void;
}

const here: Machine = {
  run: (program, ...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
  put: (from, to) => {
    if (from !== to) copyFileSync(from, to);
  },
};

/** Where a backend is tried: the real thing, or the nearest to it that this machine can be. */
export interface Place {
  readonly settings?: Partial<HostSettings>;
  readonly storage?: HostFacts["drivers"];
  readonly wrap?: (host: Host) => Host;
  /** Where it is another one than this. */
  readonly machine?: Machine;
  /** How qemu-img opens a disk to read it. */
  readonly open: (context: Context, disk: DiskSpec) => string;
  /** Names of all that is kept of disks, whole or not; `disk.info` aside. */
  readonly kept: (context: Context) => Promise<string[]> | string[];
  /** Makes a disk another project's; absent where the label of the directory alone says whose it is. */
  readonly giveAway?: (context: Context, disk: DiskSpec) => Promise<void> | void;
}

/** A backend to be tried. `place` is called once for each case. */
export interface Subject {
  readonly backend: AnyDriver;
  /** `real`, `stand-in` or `real, over ssh`, for the table. */
  readonly on: string;
  readonly place: (t: TestContext) => Promise<Place> | Place;
  /** Whether `preallocate: space` takes the space at once. */
  readonly preallocates: boolean;
  /** Whether an ext filesystem without partitions is made larger with its disk, as long as no guest has it. */
  readonly growsInside: boolean;
  /** Whether the bytes of a disk are overwritten when it is removed. */
  readonly wipes: boolean;
  /** Whether libvirt runs guests on the machine that the disks are on. */
  readonly guests: boolean;
}

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const mebibyte = 2 ** 20;
const entry = "c".repeat(40);
const passphrase = "wandering otter, 17=x";
const nothing = () => {};
const code = (expected: string) => (error: unknown) =>
  (error instanceof UserError && error.diagnostics[0]?.code === expected) || (error as { code?: unknown }).code === expected;

const facts = hostFacts();

/** One machine with one backend, and what a case needs of it. */
interface Scene {
  readonly backend: AnyDriver;
  readonly place: Place;
  readonly context: Context;
  readonly surroundings: Surroundings;
  /** A base image of 1 MiB, made from this raw file. */
  base(format: "raw" | "qcow2"): BaseRef;
  readonly raw: string;
  disk(changes?: Partial<DiskParts>): DiskSpec;
  /** The bytes that this backend makes of a size. */
  rounded(bytes: number): number;
  sizeOf(disk: DiskSpec): Promise<number | undefined>;
  /** The same machine, whose process is killed after so many effects. */
  dying(survives: number): { readonly context: Context; readonly died: () => boolean };
  assertHolds(disk: DiskSpec, raw: string): void;
}

/** Gives what the table says instead of `ok`: why a case means nothing for a backend. */
// biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to say.
type Case = (scene: Scene, t: TestContext, subject: Subject) => Promise<string | void>;

const cases: Readonly<Record<string, Case>> = {
  "from a raw image": (scene) => fromImage(scene, "raw"),
  "from a qcow2 image": (scene) => fromImage(scene, "qcow2"),

  "from nothing": async (scene, t) => {
    const disk = scene.disk({ name: "disk.swap", role: "swap" });
    await scene.backend.create(scene.context, disk, nothing);
    assert.equal(await scene.sizeOf(disk), scene.rounded(4 * mebibyte));
    const empty = join(temporary(t), "empty");
    writeFileSync(empty, Buffer.alloc(scene.rounded(4 * mebibyte)));
    scene.assertHolds(disk, empty);
  },

  "not before its record": async (scene) => {
    for (const disk of [scene.disk({ base: scene.base("raw") }), scene.disk({ name: "disk.swap", role: "swap" })]) {
      const before = await scene.place.kept(scene.context);
      const refused = Promise.withResolvers<void>();
      const failing = scene.backend.create(scene.context, disk, nothing, refused.promise);
      refused.reject(new Error("no record"));
      await assert.rejects(allDone([refused.promise, failing]), /no record/);
      assert.deepEqual(await scene.place.kept(scene.context), before, "nothing is made without a record");
      const recorded = Promise.withResolvers<void>();
      const creating = scene.backend.create(scene.context, disk, nothing, recorded.promise);
      await setTimeout(200);
      assert.deepEqual(await scene.place.kept(scene.context), before, "nothing is made before the record is written");
      recorded.resolve();
      await creating;
      assert.equal(await scene.sizeOf(disk), scene.rounded(4 * mebibyte));
    }
  },

  "with a filesystem": async (scene) => {
    const disk = scene.disk({
      name: "disk.eph0",
      role: "ephemeral",
      size: 8 * mebibyte,
      content: { filesystem: "ext4", label: "ephemeral0" },
    });
    await scene.backend.create(scene.context, disk, nothing);
    const { run } = scene.place.machine ?? here;
    const copy = join(scene.context.layout.instance(uuid), "../copy");
    run("qemu-img", "convert", "-f", formatOf(scene, disk), "-O", "raw", scene.place.open(scene.context, disk), copy);
    assert.equal(run("e2label", copy).trim(), "ephemeral0");
  },

  "size and rounding": async (scene) => {
    const base = scene.base("raw");
    const keeping = scene.disk({ base, size: null });
    await scene.backend.create(scene.context, keeping, nothing);
    assert.equal(await scene.sizeOf(keeping), scene.rounded(mebibyte));
    const odd = 3 * mebibyte + 1536;
    const disk = scene.disk({ base, name: "disk.odd", size: scene.rounded(odd) });
    await scene.backend.create(scene.context, disk, nothing);
    const size = (await scene.sizeOf(disk)) ?? 0;
    assert.ok(size >= odd, "never less than asked for");
    assert.equal(size, scene.rounded(odd), "what was planned is what is there");
    const small = scene.disk({ base, name: "disk.small", size: mebibyte / 2 });
    const before = await scene.place.kept(scene.context);
    await assert.rejects(scene.backend.create(scene.context, small, nothing), code("flavor-disk-smaller-than-image"));
    assert.deepEqual(await scene.place.kept(scene.context), before, "nothing is left behind");
    const within = `${scene.raw}.within-sector`;
    writeFileSync(within, Buffer.concat([readFileSync(scene.raw), Buffer.alloc(100, "x")]));
    (scene.place.machine ?? here).put(within, base.path);
    const padded = scene.disk({ base, name: "disk.padded", size: null });
    await scene.backend.create(scene.context, padded, nothing);
    assert.equal(await scene.sizeOf(padded), scene.rounded(mebibyte + 512), "a base that ends within a sector");
    truncateSync(within, mebibyte + 512);
    scene.assertHolds(padded, within);
  },

  "grow offline": async (scene) => {
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    await scene.backend.grow(scene.context, disk, 8 * mebibyte, undefined);
    assert.equal(await scene.sizeOf(disk), 8 * mebibyte);
    scene.assertHolds(disk, scene.raw);
    await scene.backend.grow(scene.context, disk, 8 * mebibyte, undefined);
    assert.equal(await scene.sizeOf(disk), 8 * mebibyte);
  },

  "grow ext inside": async (scene, t, subject) => {
    const { run, put } = scene.place.machine ?? here;
    const made = join(temporary(t), "ext4");
    writeFileSync(made, "");
    truncateSync(made, 8 * mebibyte);
    here.run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", made);
    const base = scene.base("raw");
    run("chmod", "644", base.path);
    put(made, base.path);
    const disk = scene.disk({ base, size: 16 * mebibyte });
    await scene.backend.create(scene.context, disk, nothing);
    const bytes = scene.place.open(scene.context, disk);
    const copy = join(scene.context.layout.root, "copy");
    if (!subject.growsInside) run("qemu-img", "convert", "-f", formatOf(scene, disk), "-O", "raw", bytes, copy);
    const inside = () => {
      const words = run("dumpe2fs", "-h", subject.growsInside ? bytes : copy);
      const value = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, "m").exec(words)?.[1]);
      return value("Block count") * value("Block size");
    };
    assert.equal(inside(), (subject.growsInside ? 16 : 8) * mebibyte);
    if (!subject.growsInside) return "left to the guest";
    let [from, to] = [16, 20].map((size) => size * mebibyte) as [number, number];
    await killEverywhere(
      scene,
      (context) => scene.backend.grow(context, disk, to, undefined),
      async () => {
        // With the new size it is never looked at again.
        const size = await scene.sizeOf(disk);
        assert.ok(size === from || size === to, `the old size or the new one, not ${size}`);
        if (size === from) await scene.backend.grow(scene.context, disk, to, undefined);
        assert.deepEqual([await scene.sizeOf(disk), inside()], [to, to]);
        [from, to] = [to, to + 4 * mebibyte];
      },
    );
    assert.deepEqual([await scene.sizeOf(disk), inside()], [to, to]);
    run("e2fsck", "-fn", bytes);
    await scene.backend.remove(scene.context, disk);
    assert.deepEqual(await scene.place.kept(scene.context), []);
  },

  encrypted: async (scene, t, subject) => {
    const { encryption } = scene.backend;
    if (encryption === undefined) return "not encrypted";
    // What is a file instead of a device cannot be opened as one.
    if (!subject.guests) return "no device";
    const secretUuid = randomUUID();
    const wanted = { passphrase: { env: "DISK_PASSPHRASE" }, secretUuid } as const;
    const disk = scene.disk({ base: scene.base("raw"), encryption: wanted });
    await scene.backend.create(scene.context, disk, nothing);
    const look = async () => (await scene.backend.list(scene.context, [{ ...disk, encrypted: true }])).get(`${uuid}/disk`);
    const found = await look();
    assert.deepEqual([found?.encryption, found?.size], ["luks", 4 * mebibyte]);
    assert.equal(await encryption.opens(scene.context, disk, passphrase), true);
    assert.equal(await encryption.opens(scene.context, disk, "another"), false);

    const on = scene.place.machine ?? here;
    const [key, opened] = ["key", "opened"].map((name) => join(scene.context.layout.root, name)) as [string, string];
    const written = join(temporary(t), "key");
    writeFileSync(written, passphrase);
    on.put(written, key);
    const holds = () => {
      const image = openedWith(scene, disk);
      on.run("qemu-img", "convert", "--object", `secret,id=passphrase,file=${key}`, "--image-opts", image, "-O", "raw", opened);
      on.put(scene.raw, `${opened}.base`);
      on.run("cmp", "-n", String(mebibyte), opened, `${opened}.base`);
    };
    holds();
    await scene.backend.grow(scene.context, disk, 8 * mebibyte, undefined);
    assert.equal((await look())?.size, 8 * mebibyte);
    holds();

    const machine = guestMachine(scene);
    machine.write(
      join(scene.context.layout.root, "secret.xml"),
      `<secret ephemeral="yes" private="yes"><uuid>${secretUuid}</uuid><usage type="volume"><volume>vf-${secretUuid}</volume></usage></secret>`,
    );
    machine.virsh("secret-define", join(scene.context.layout.root, "secret.xml"));
    try {
      machine.virsh("secret-set-value", secretUuid, "--file", key, "--plain");
      using guest = startGuest(machine, join(scene.context.layout.root, "guest.xml"), [scene.backend.attachment(disk, scene.surroundings)]);
      await scene.backend.grow(scene.context, disk, 12 * mebibyte, { uuid: guest.uuid });
      assert.equal((await look())?.size, 12 * mebibyte);
      // What a container takes comes in whole extents of a volume group.
      assert.equal(Math.floor(guest.sizeOf("vda") / (4 * mebibyte)), 3);
      guest.stop();
      holds();
    } finally {
      machine.virsh("secret-undefine", secretUuid);
    }
    await scene.backend.remove(scene.context, disk);
    assert.deepEqual(await scene.place.kept(scene.context), []);
  },

  "grow online": async (scene, _t, subject) => {
    if (!subject.guests) return "no guests";
    const named = (name: string, size: number) =>
      scene.disk({ name, size: size * mebibyte, ...(name === "disk" ? { base: scene.base("raw") } : {}) });
    const [root, swap, data, pending] = [named("disk", 4), named("disk.swap", 4), named("disk.data", 12), named("disk.local", 4)] as const;
    for (const disk of [root, swap, data, pending]) await scene.backend.create(scene.context, disk, nothing);
    const attached = (...disks: readonly DiskSpec[]) => disks.map((disk) => scene.backend.attachment(disk, scene.surroundings));
    using guest = startGuest(guestMachine(scene), join(scene.context.layout.root, "guest.xml"), attached(root, swap, data));
    // By its definition vdc is the swap disk already, which the running guest has as vdb.
    guest.redefine(attached(root, pending, swap, data));
    const online = { uuid: guest.uuid };
    await scene.backend.grow(scene.context, swap, 8 * mebibyte, online);
    assert.deepEqual([await scene.sizeOf(swap), await scene.sizeOf(data)], [8 * mebibyte, 12 * mebibyte]);
    assert.deepEqual(
      ["vda", "vdb", "vdc"].map((target) => guest.sizeOf(target) / mebibyte),
      [4, 8, 12],
    );
    // A disk that the guest gets at its next start is grown like an unused one.
    await scene.backend.grow(scene.context, pending, 8 * mebibyte, online);
    assert.equal(await scene.sizeOf(pending), 8 * mebibyte);

    let [from, to] = [4, 8].map((size) => size * mebibyte) as [number, number];
    const kills = await killEverywhere(
      scene,
      (context) => scene.backend.grow(context, root, to, online),
      async () => {
        const size = await scene.sizeOf(root);
        assert.ok(
          size === from || (size === to && guest.sizeOf("vda") === to),
          `the old size, or the new one and the guest knows: not ${size}`,
        );
        await scene.backend.grow(scene.context, root, to, online);
        assert.deepEqual([await scene.sizeOf(root), guest.sizeOf("vda")], [to, to]);
        [from, to] = [to, to + 4 * mebibyte];
      },
    );
    assert.ok(kills >= 1, `only ${kills} places to be killed at were found`);
    guest.stop();
    scene.assertHolds(root, scene.raw);
    // Switched off since it was planned.
    await scene.backend.grow(scene.context, data, 16 * mebibyte, online);
    assert.equal(await scene.sizeOf(data), 16 * mebibyte);
  },

  "refuse to shrink": async (scene) => {
    const disk = scene.disk({ base: scene.base("raw"), size: 8 * mebibyte });
    await scene.backend.create(scene.context, disk, nothing);
    await assert.rejects(scene.backend.grow(scene.context, disk, 4 * mebibyte, undefined), code("disk-would-shrink"));
    assert.equal(await scene.sizeOf(disk), 8 * mebibyte);
    const gone = scene.disk({ name: "disk.gone", path: `${disk.path}.gone` });
    await assert.rejects(scene.backend.grow(scene.context, gone, 4 * mebibyte, undefined), code("disk-missing"));
  },

  "list whole ones": async (scene) => {
    const [root, swap, absent] = [
      scene.disk({ base: scene.base("raw") }),
      scene.disk({ name: "disk.swap" }),
      scene.disk({ name: "disk.eph0" }),
    ];
    assert.equal((await scene.backend.list(scene.context, [root])).size, 0);
    await scene.backend.create(scene.context, root, nothing);
    await scene.backend.create(scene.context, swap, nothing);
    const found = await scene.backend.list(scene.context, [root, absent, swap]);
    assert.deepEqual([...found.keys()], [`${uuid}/disk`, `${uuid}/disk.swap`]);
    for (const state of found.values()) assert.equal(state.backend, scene.backend.name);
  },

  "only ours": async (scene) => {
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    if (scene.place.giveAway === undefined) {
      // Whose a file is follows from its directory's label; beside it nothing must be read as ours.
      const other = scene.disk({ uuid: uuid.replace("1", "2"), path: disk.path.replace(uuid, uuid.replace("1", "2")) });
      assert.equal((await scene.backend.list(scene.context, [other])).size, 0);
      return;
    }
    await scene.place.giveAway(scene.context, disk);
    const before = await scene.place.kept(scene.context);
    assert.equal((await scene.backend.list(scene.context, [disk])).size, 0);
    await assert.rejects(scene.backend.create(scene.context, disk, nothing), code("disk-not-ours"));
    await assert.rejects(scene.backend.grow(scene.context, disk, 8 * mebibyte, undefined), code("disk-not-ours"));
    await assert.rejects(scene.backend.remove(scene.context, disk), code("disk-not-ours"));
    assert.deepEqual(await scene.place.kept(scene.context), before);
    scene.assertHolds(disk, scene.raw);
  },

  twice: async (scene, t) => {
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    await scene.backend.grow(scene.context, disk, 8 * mebibyte, undefined);
    const kept = await scene.place.kept(scene.context);
    // Another image now: a disk that is there is never written to again.
    const other = { ...scene.base("raw"), entry: "d".repeat(40), path: scene.context.layout.baseImage("d".repeat(40)) };
    const ones = join(temporary(t), "ones");
    writeFileSync(ones, Buffer.alloc(mebibyte, 1));
    (scene.place.machine ?? here).put(ones, other.path);
    await scene.backend.create(scene.context, { ...disk, content: { kind: "base", base: other } }, nothing);
    scene.assertHolds(disk, scene.raw);
    assert.deepEqual(await scene.place.kept(scene.context), kept);
  },

  remove: async (scene) => {
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    await scene.backend.remove(scene.context, disk);
    assert.deepEqual(await scene.place.kept(scene.context), []);
    await scene.backend.remove(scene.context, disk);
    assert.equal(await scene.sizeOf(disk), undefined);
  },

  wipe: async (scene, t, subject) => {
    if (!subject.wipes) return "not wiped";
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    scene.assertHolds(disk, scene.raw);
    await scene.backend.remove(scene.context, disk);
    // What takes its place on the disk is not cleared before it is given out.
    const next = scene.disk();
    await scene.backend.create(scene.context, next, nothing);
    const empty = join(temporary(t), "empty");
    writeFileSync(empty, Buffer.alloc(4 * mebibyte));
    scene.assertHolds(next, empty);
  },

  "killed while making": async (scene) => {
    const disk = scene.disk({ base: scene.base("raw") });
    const kills = await killEverywhere(
      scene,
      (context) => scene.backend.create(context, disk, nothing),
      async () => {
        if ((await scene.sizeOf(disk)) !== undefined) scene.assertHolds(disk, scene.raw);
        await scene.backend.create(scene.context, disk, nothing);
        scene.assertHolds(disk, scene.raw);
        assert.equal(await scene.sizeOf(disk), 4 * mebibyte);
        assert.equal((await scene.place.kept(scene.context)).length, 1, "one disk and no leftovers");
        await scene.backend.remove(scene.context, disk);
        assert.deepEqual(await scene.place.kept(scene.context), []);
      },
    );
    // A small overlay is one effect.
    assert.ok(kills >= 1, "no place to be killed at was found");
  },

  "killed while growing": async (scene) => {
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    let [from, to] = [4, 8].map((size) => size * mebibyte) as [number, number];
    const kills = await killEverywhere(
      scene,
      (context) => scene.backend.grow(context, disk, to, undefined),
      async () => {
        const size = await scene.sizeOf(disk);
        assert.ok(size === from || size === to, `the old size or the new one, not ${size}`);
        await scene.backend.grow(scene.context, disk, to, undefined);
        assert.equal(await scene.sizeOf(disk), to);
        scene.assertHolds(disk, scene.raw);
        [from, to] = [to, to + 4 * mebibyte];
      },
    );
    assert.ok(kills >= 1, `only ${kills} places to be killed at were found`);
  },

  "killed while removing": async (scene) => {
    const disk = scene.disk({ base: scene.base("raw") });
    await scene.backend.create(scene.context, disk, nothing);
    const kills = await killEverywhere(
      scene,
      (context) => scene.backend.remove(context, disk),
      async () => {
        if ((await scene.sizeOf(disk)) !== undefined) scene.assertHolds(disk, scene.raw);
        await scene.backend.remove(scene.context, disk);
        assert.deepEqual(await scene.place.kept(scene.context), []);
        await scene.backend.create(scene.context, disk, nothing);
      },
    );
    assert.ok(kills >= 1, `only ${kills} places to be killed at were found`);
  },

  "attachment XML": async (scene, t) => {
    const attachment = scene.backend.attachment(scene.disk(), scene.surroundings);
    const input = { arch: "x86_64", machine: "q35", properties: {}, root: { attachment, iso: false }, configDrive: null };
    const spec = plainSpec({ disks: deviceMap(input) });
    const xml = domainXml(spec);
    assert.deepEqual(domainFields(xml), wantedFields(spec, "xml"));
    assert.match(xml, new RegExp(attachment.source));
    const path = join(temporary(t), "domain.xml");
    writeFileSync(path, xml.replace(/<domain type="[a-z]+"/, '<domain type="test"'));
    const { stderr } = spawnSync("virsh", ["-q", "-c", "test:///default", "define", "--validate", path], { encoding: "utf8" });
    assert.doesNotMatch(stderr, /failed to validate/);
  },

  preallocation: async (scene, _t, subject) => {
    const disk = scene.disk({ base: scene.base("raw"), preallocate: "space" });
    await scene.backend.create(scene.context, disk, nothing);
    assert.equal(await scene.sizeOf(disk), 4 * mebibyte);
    scene.assertHolds(disk, scene.raw);
    if (!subject.preallocates) return "no effect";
    assert.ok(statSync(disk.path).blocks * 512 >= 4 * mebibyte);
    return "ok";
  },
};

/** Registers a test for each case. What they came to stands in the table: see `table.ts`. */
export function conforms(subjects: readonly Subject[]): void {
  for (const subject of subjects) {
    const label = `${subject.backend.name} (${subject.on})`;
    const row = tableRow(label, Object.keys(cases));
    for (const [name, run] of Object.entries(cases)) {
      test(`${label}: ${name}`, async (t) => {
        row(name, (await run(await scene(t, subject), t, subject)) ?? "ok");
      });
    }
  }
}

async function scene(t: TestContext, subject: Subject): Promise<Scene> {
  const place = await subject.place(t);
  const { backend } = subject;
  const on = place.machine ?? here;
  const root = join(temporary(t), "instances");
  const contextOf = (wrap: (host: Host) => Host): Context => {
    const context = machine(t, { root, wrap: (host) => wrap(place.wrap?.(host) ?? host) });
    return { ...context, secret: () => passphrase, settings: { ...context.settings, ...place.settings } };
  };
  const context = contextOf((host) => host);
  await context.host.files.makeDirectory(context.layout.base);
  await context.host.files.makeDirectory(context.layout.instance(uuid));
  const directory = temporary(t);
  const raw = join(directory, "image.raw");
  // What it is compared with is put there once.
  const known = new Set<string>();
  const images = { raw: imageOf(directory, "raw", [], "image"), qcow2: imageOf(directory, "qcow2", [], "image-qcow2") };
  const allFacts = { ...facts, ...(place.storage === undefined ? {} : { drivers: place.storage }) };
  const surroundings = { settings: context.settings, facts: allFacts };
  return {
    backend,
    place,
    context,
    surroundings,
    raw,
    base: (format) => {
      const path = context.layout.baseImage(entry);
      on.put(images[format], path);
      on.run("chmod", "444", path);
      return { image: "debian", entry, path, format, cloneFrom: [] };
    },
    disk: (changes = {}) => {
      const name = changes.name ?? "disk";
      const path = context.layout.instanceFile(uuid, name);
      return diskSpec({
        instance: "web",
        uuid,
        name,
        role: "root",
        backend: backend.name,
        path,
        size: 4 * mebibyte,
        preallocate: "none",
        ...changes,
      });
    },
    rounded: (bytes) => roundedUp(backend, bytes, place),
    sizeOf: async (disk) => (await backend.list(context, [disk])).get(`${disk.uuid}/${disk.name}`)?.size,
    dying: (survives) => {
      let fate: ReturnType<typeof dyingHost> | undefined;
      const dead = contextOf((host) => {
        fate = dyingHost(host, survives);
        return fate.host;
      });
      return { context: dead, died: () => fate?.died() ?? false };
    },
    assertHolds: (disk, expected) => {
      const format = backend.attachment(disk, surroundings).format;
      if (place.machine !== undefined && !known.has(expected)) on.put(expected, expected);
      known.add(expected);
      assert.match(on.run("qemu-img", "compare", "-f", format, "-F", "raw", place.open(context, disk), expected), /identical/);
    },
  };
}

function roundedUp({ name, traits }: AnyDriver, bytes: number, { settings, storage }: Place): number {
  const step = traits.steps?.(storage?.[name], settings?.drivers?.[name]).bytes ?? 1;
  return Math.ceil(bytes / step) * step;
}

/** What libvirt's guests run as may look into the directories above their disks. */
function guestMachine({ place, context }: Scene): GuestMachine {
  const { run, put } = place.machine ?? here;
  run("chmod", "755", dirname(context.layout.root));
  return {
    virsh: (...args) => run("virsh", "-q", "-c", "qemu:///system", ...args),
    write: (path, text) => {
      // The machine's instances path need not be one of this machine.
      const own = join(dirname(context.layout.root), "guest.xml");
      writeFileSync(own, text);
      put(own, path);
    },
  };
}

/** How qemu-img opens an encrypted disk, with a secret named passphrase. */
function openedWith({ context, place, surroundings, backend }: Scene, disk: DiskSpec): string {
  const { type, format, source } = backend.attachment(disk, surroundings);
  if (format === "qcow2") return `driver=qcow2,encrypt.key-secret=passphrase,file.driver=file,file.filename=${source}`;
  if (type !== "network") return luksImage({ driver: type === "block" ? "host_device" : "file", path: source });
  const [pool = "", image = ""] = source.split("/");
  return luksImage({ driver: "rbd", pool, image, user: null, conf: /:conf=(.*)$/.exec(place.open(context, disk))?.[1] ?? "" });
}

function formatOf(scene: Scene, disk: DiskSpec): string {
  return scene.backend.attachment(disk, scene.surroundings).format;
}

async function fromImage(scene: Scene, format: "raw" | "qcow2"): Promise<void> {
  const disk = scene.disk({ base: scene.base(format) });
  await scene.backend.create(scene.context, disk, nothing);
  scene.assertHolds(disk, scene.raw);
  assert.equal(await scene.sizeOf(disk), 4 * mebibyte);
  assert.equal((await scene.place.kept(scene.context)).length, 1);
}

/** Performs it again and again, killed one effect later each time, until it comes to its end; `recover` after each kill. */
async function killEverywhere(scene: Scene, perform: (context: Context) => Promise<void>, recover: () => Promise<void>): Promise<number> {
  for (let survives = 0; ; survives += 1) {
    const { context, died } = scene.dying(survives);
    const error = await perform(context).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!died()) {
      assert.equal(error, undefined);
      return survives;
    }
    await recover();
  }
}
