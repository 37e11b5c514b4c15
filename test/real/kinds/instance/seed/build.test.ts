import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, chmod, link, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { forgetLabels, parseLabel, settleLabels } from "../../../../../src/kinds/directory/label.ts";
import { diffSeed, observeSeeds, resolveSeedSecrets, seedActions } from "../../../../../src/kinds/instance/seed/seed.ts";
import { describeSeed, type SeedState } from "../../../../../src/kinds/instance/seed/state.ts";
import type { SeedSpec } from "../../../../../src/kinds/terms/spec.ts";
import type { Context } from "../../../../../src/model/context.ts";
import type { Json } from "../../../../../src/model/json.ts";
import { fullSpec, seedSpec, temporaryDirectory, uuid } from "../../../../unit/kinds/instance/seed/fixtures.ts";
import { dyingHost } from "../../../support/dying-host.ts";
import { seedContext } from "./machine.ts";

const secrets = { WEB_PASSWORD: "correct horse", WEB_USER_DATA: "#!/bin/sh\r\necho battery\u0000staple\n" };
const environment = { ...process.env, LC_ALL: "C" };
const output = (program: string, ...args: string[]) =>
  execFileSync(program, args, { env: environment, maxBuffer: 2 ** 26, stdio: ["ignore", "pipe", "ignore"] });

async function perform(context: Context, type: string, args: unknown): Promise<void> {
  const action = seedActions.find((known) => known.type === type);
  assert.ok(action !== undefined, `there is a ${type}`);
  // Each run is a process of its own, which takes the project's lock first and reads labels after that.
  forgetLabels(context);
  // As a saved plan would hold them.
  await action.run(context, JSON.parse(JSON.stringify(args)) as Json, () => {});
  // The end of an apply without a domain, whose definition would write the record.
  await settleLabels(context);
}

const build = (context: Context, spec: SeedSpec) => perform(context, "seed.build", { spec });

async function observe(context: Context, spec?: SeedSpec): Promise<SeedState | undefined> {
  const label = parseLabel(await context.host.files.read(context.layout.instanceFile(uuid, "virtform.json")));
  if (label === undefined) return undefined;
  const unknown = { userData: undefined, adminPassword: undefined };
  const values = () => (spec === undefined ? unknown : resolveSeedSecrets(context, spec));
  return (await observeSeeds(context, [{ uuid, instance: label.instance, label }], values)).states.get(uuid);
}

/** The next plan for a stopped guest: undefined when it is empty. */
async function plan(context: Context, spec: SeedSpec | undefined) {
  const have = await observe(context, spec);
  return diffSeed("seed/web-0", spec, have, { running: false });
}

/**
 * Digest and size of a file; undefined without one. Its 64 MiB are not kept in memory: the start of a program copies the page tables of this process,
 * and the tests below start a thousand.
 */
async function contentOf(path: string): Promise<{ readonly digest: string; readonly size: number } | undefined> {
  const { size } = (await stat(path).catch(() => undefined)) ?? {};
  if (size === undefined) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return { digest: hash.digest("hex"), size };
}

const metaData = (path: string) => JSON.parse(output("isoinfo", "-R", "-i", path, "-x", "/openstack/latest/meta_data.json").toString());

for (const format of ["iso9660", "vfat"] as const) {
  test(`after ${format} is built, the next plan is empty and nothing else lies about`, async (t) => {
    const context = await seedContext(t, { secrets });
    const spec = fullSpec(context.layout.root, { format });
    await build(context, spec);
    assert.equal(await plan(context, spec), undefined);
    assert.deepEqual((await readdir(`${context.layout.root}/${uuid}`)).sort(), ["disk.config", "virtform.json"]);
    assert.equal((await stat(spec.disk.path)).mode & 0o777, 0o600);
    assert.equal((await stat(`${context.layout.root}/${uuid}/virtform.json`)).mode & 0o777, 0o600);
  });

  test(`building ${format} twice leaves the file alone, and a rebuilt one has the same bytes`, async (t) => {
    const context = await seedContext(t, { secrets });
    const spec = fullSpec(context.layout.root, { format });
    await build(context, spec);
    const before = await stat(spec.disk.path);
    const bytes = await readFile(spec.disk.path);
    await build(context, spec);
    assert.equal((await stat(spec.disk.path)).ino, before.ino);
    await rm(spec.disk.path);
    await build(context, spec);
    assert.ok((await readFile(spec.disk.path)).equals(bytes));
  });
}

test("the drive holds secrets; label, state and plan do not", async (t) => {
  const context = await seedContext(t, { secrets });
  const spec = fullSpec(context.layout.root, { userData: { env: "WEB_USER_DATA" } });
  const planned = await plan(context, spec);
  await build(context, spec);
  assert.equal(metaData(spec.disk.path).admin_pass, "correct horse");
  assert.equal(output("isoinfo", "-R", "-i", spec.disk.path, "-x", "/openstack/latest/user_data").toString(), secrets.WEB_USER_DATA);

  const have = await observe(context);
  assert.ok(have !== undefined);
  const label = await readFile(`${context.layout.root}/${uuid}/virtform.json`, "utf8");
  const changed = diffSeed("seed/web-0", spec, { ...have, changedSecrets: ["admin_password"] }, { running: true });
  const texts = [label, JSON.stringify(have), JSON.stringify(describeSeed(have)), JSON.stringify(planned), JSON.stringify(changed)];
  const password = createHash("sha256").update("correct horse").digest("hex");
  for (const text of texts) {
    for (const secret of ["correct horse", "battery", Buffer.from("correct horse").toString("base64"), password])
      assert.ok(!text.includes(secret), secret);
  }
  const { randomSeed } = JSON.parse(label).objects["disk.config"];
  assert.equal(Buffer.from(randomSeed, "base64").length, 512);
  for (const text of texts.slice(1)) assert.ok(!text.includes(randomSeed));
});

test("a changed secret is noticed and the rebuilt drive holds it", async (t) => {
  const root = await temporaryDirectory(t);
  const spec = fullSpec(root);
  await build(await seedContext(t, { secrets, root }), spec);
  const seed = metaData(spec.disk.path).random_seed;
  const context = await seedContext(t, { secrets: { ...secrets, WEB_PASSWORD: "another" }, root });
  const change = await plan(context, spec);
  assert.deepEqual(
    change?.fields.map(({ path }) => path),
    ["admin_password"],
  );
  await build(context, spec);
  assert.equal(await plan(context, spec), undefined);
  assert.deepEqual([metaData(spec.disk.path).admin_pass, metaData(spec.disk.path).random_seed], ["another", seed]);
});

test("a missing secret is a mistake of the user's and makes nothing", async (t) => {
  const context = await seedContext(t);
  await assert.rejects(build(context, fullSpec(context.layout.root)), { name: "UserError" });
  assert.deepEqual(await readdir(context.layout.root), []);
});

test("drift: edited, deleted, open to others; a mere touch is none", async (t) => {
  const context = await seedContext(t, { secrets });
  const spec = fullSpec(context.layout.root);
  await build(context, spec);
  await utimes(spec.disk.path, 1, 1);
  assert.equal(await plan(context, spec), undefined);

  await chmod(spec.disk.path, 0o644);
  const [restrict, ...others] = (await plan(context, spec))?.actions ?? [];
  assert.deepEqual([restrict?.type, restrict?.effect, others.length], ["seed.restrict", "none", 0]);
  await perform(context, "seed.restrict", restrict?.args);
  assert.equal((await stat(spec.disk.path)).mode & 0o777, 0o600);
  assert.equal(await plan(context, spec), undefined);

  const right = await readFile(spec.disk.path);
  await appendFile(spec.disk.path, "x");
  assert.deepEqual([(await plan(context, spec))?.cause, (await plan(context, spec))?.verb], ["drift", "update"]);
  await build(context, spec);
  assert.ok((await readFile(spec.disk.path)).equals(right));

  await rm(spec.disk.path);
  assert.deepEqual([(await plan(context, spec))?.cause, (await plan(context, spec))?.verb], ["drift", "create"]);
  await build(context, spec);
  assert.ok((await readFile(spec.disk.path)).equals(right));
});

test("an edit of the same length is noticed", async (t) => {
  const context = await seedContext(t);
  const spec = seedSpec(context.layout.root);
  await build(context, spec);
  const bytes = await readFile(spec.disk.path);
  bytes[bytes.length - 1] = 1;
  await context.host.files.writeAtomic(spec.disk.path, bytes);
  assert.equal((await plan(context, spec))?.cause, "drift");
});

test("removing is complete, and harmless when repeated", async (t) => {
  const context = await seedContext(t);
  const spec = seedSpec(context.layout.root);
  await build(context, spec);
  const change = await plan(context, undefined);
  for (let time = 0; time < 2; time += 1) {
    await perform(context, "seed.remove", change?.actions[0]?.args);
    assert.equal(await plan(context, undefined), undefined);
    assert.deepEqual(await readdir(context.layout.root), []);
  }
});

test("long metadata and large user data arrive byte for byte", async (t) => {
  const context = await seedContext(t);
  const text = `#!/bin/sh\r\n${"é\u0000\u0001\n".repeat(12_000)}`;
  const metadata = Object.fromEntries(Array.from({ length: 128 }, (_, index) => [`key-${index}-${"k".repeat(200)}`, "v".repeat(255)]));
  const spec = seedSpec(context.layout.root, { userData: { text }, metadata });
  await build(context, spec);
  assert.equal(await plan(context, spec), undefined);
  assert.ok(output("isoinfo", "-R", "-i", spec.disk.path, "-x", "/openstack/latest/user_data").equals(Buffer.from(text)));
  assert.deepEqual(metaData(spec.disk.path).meta, metadata);
});

for (const format of ["iso9660", "vfat"] as const) {
  test(`killed after any effect of building ${format}, the next run ends well`, async (t) => {
    const good = await seedContext(t, { secrets });
    const { root } = good.layout;
    const old = fullSpec(root, { format, hostname: "old" });
    const spec = fullSpec(root, { format, hostname: "new" });
    const buildWith = async (left: number) => {
      let fate: ReturnType<typeof dyingHost> | undefined;
      const context = await seedContext(t, {
        secrets,
        root,
        wrap: (host) => {
          fate = dyingHost(host, left);
          return fate.host;
        },
      });
      const finished = await build(context, spec).then(
        () => true,
        (error: Error) => {
          assert.match(String(error instanceof SuppressedError ? error.error : error), /killed/);
          return false;
        },
      );
      return { finished, used: fate?.effects() ?? 0 };
    };
    const directory = `${root}/${uuid}`;
    const [label, aside] = [`${directory}/virtform.json`, `${await temporaryDirectory(t)}/old`];
    let record: Buffer | undefined;
    /** Puts the old drive there with its record, which knows its inode. It is built once: that takes as long as what is tested. */
    const startWith = async (first: SeedSpec | undefined) => {
      await rm(directory, { recursive: true, force: true });
      if (first === undefined) return;
      if (record === undefined) {
        await build(good, first);
        record = await readFile(label);
        await link(first.disk.path, aside);
      } else {
        await mkdir(directory);
        await link(aside, first.disk.path);
        await writeFile(label, record, { mode: 0o600 });
      }
      assert.equal(await plan(good, first), undefined);
    };
    const { used } = await buildWith(1000);
    // The many copies into a vfat image are alike: of those in the middle one will do.
    const all = Array.from({ length: used }, (_, count) => count);
    const counts = format === "iso9660" ? all : all.filter((count) => count < 4 || count === 25 || count > used - 8);
    for (const count of counts) {
      for (const first of format === "iso9660" ? [undefined, old] : [old]) {
        await startWith(first);
        const before = first && (await contentOf(spec.disk.path));
        const { finished } = await buildWith(count);
        const published = await contentOf(spec.disk.path);
        const change = await plan(good, spec);
        if (finished) assert.equal(change, undefined);
        if (change === undefined) assert.ok(published !== undefined && published.digest !== before?.digest, "the new drive is there");

        await build(good, spec);
        // Its record may be missing still, and with it the random seed: then the whole drive is made once more.
        const isOld = published?.digest === before?.digest;
        const isWhole = published?.size === (await stat(spec.disk.path)).size;
        assert.ok(isOld || isWhole, "under its own name there is the old drive, none, or the whole new one");
        assert.equal(await plan(good, spec), undefined);
        assert.deepEqual((await readdir(directory)).sort(), ["disk.config", "virtform.json"]);
      }
    }
  });
}
