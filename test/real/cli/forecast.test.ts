import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { serveImages } from "../support/image-server.ts";
import { mustRun } from "./support/virtform.ts";
import { createWorkspace, stopped } from "./support/workspace.ts";

const MiB = 2 ** 20;

interface Action {
  readonly id: string;
  readonly moves?: Readonly<Record<string, number | null>>;
  readonly takes?: { readonly thin: number; readonly full: number };
}
interface Document {
  readonly forecast: {
    readonly download: number;
    readonly write: number;
    readonly full: number;
    readonly unknown: readonly string[];
    readonly seconds: number;
    readonly measured: boolean;
  };
  readonly resource_changes: readonly {
    readonly address: string;
    readonly change: { readonly virtform?: { readonly actions: readonly Action[] } };
  }[];
}

/** Bytes that the files of a directory take on the disk. */
async function taken(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true });
  const stats = await Promise.all(names.map((name) => stat(join(directory, name))));
  return stats.filter((one) => one.isFile()).reduce((sum, { blocks }) => sum + blocks * 512, 0);
}

function within(found: number, expected: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= 0.1 * expected, `${what}: forecast ${expected}, measured ${found}`);
}

function actionOf({ resource_changes }: Document, id: string): Action {
  const action = resource_changes.flatMap(({ change }) => change.virtform?.actions ?? []).find((one) => one.id === id);
  assert.ok(action !== undefined, id);
  return action;
}

test("the bytes of a forecast are those that an apply takes, and the speeds are measured after it", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory, instancesPath } = workspace;
  await writeFile(`${directory}/random`, randomBytes(24 * MiB));
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${directory}/random`, `${directory}/content.qcow2`]);
  await writeFile(`${directory}/sparse.raw`, randomBytes(16 * MiB));
  await truncate(`${directory}/sparse.raw`, 64 * MiB);
  const images = {
    content: { source: "./content.qcow2", disk_format: "qcow2" },
    sparse: { source: "./sparse.raw", disk_format: "raw" },
  };
  const config = (count: number) =>
    workspace.write(
      {
        [`${project}-flat`]: stopped({ image: "content", images_type: "flat", count }),
        [`${project}-raw`]: stopped({ image: "sparse", images_type: "flat" }),
        [`${project}-qcow2`]: stopped({ image: "content", images_type: "qcow2", count: 2 }),
        [`${project}-ploop`]: stopped({ image: "content", images_type: "ploop" }),
      },
      { images, volumes: { [`${project}-data`]: { size: "256MiB", format: "ext4", images_type: "flat" } } },
    );
  await config(2);
  const document = async (): Promise<Document> => JSON.parse((await workspace.run(["plan", "--json"])).stdout);
  const planned = await document();
  assert.deepEqual([planned.forecast.unknown, planned.forecast.measured, planned.forecast.download], [[], false, 0]);
  const text = await workspace.mustRun(["plan"]);
  assert.match(
    text.stdout,
    /^Forecast: writes \d+(\.\d)?MiB \(\d+(\.\d)?[MG]iB when disks are full\), about \d+s \(a guess: not measured on this host yet\)$/m,
  );

  await workspace.mustRun(["apply", "--auto-approve"]);
  within(await taken(instancesPath), planned.forecast.write, "all files");
  const root = actionOf(planned, `disk/${project}-flat-0.root#create`);
  const ploop = actionOf(planned, `disk/${project}-ploop.root#create`).takes;
  const [hds = ""] = await pathsNamed(instancesPath, "root.hds");
  within(await taken(dirname(hds)), ploop?.thin ?? 0, "a ploop directory");
  assert.equal(ploop?.full, 128 * MiB);
  const made = await pathsNamed(instancesPath, "disk");
  const sizes = await Promise.all(made.map(async (path) => (await stat(path)).blocks * 512));
  const copies = sizes.filter((size) => size > 20 * MiB);
  assert.equal(copies.length, 2);
  for (const size of copies) within(size, root.takes?.thin ?? 0, "a raw disk");
  for (const size of copies) within(size, root.moves?.["copy"] ?? 0, "the copied bytes");
  assert.equal(root.takes?.full, 128 * MiB);

  // What the next plan says rests on what was measured.
  await config(3);
  const later = await document();
  assert.deepEqual([later.forecast.unknown, later.forecast.measured], [[], true]);
  assert.doesNotMatch((await workspace.mustRun(["plan"])).stdout, /a guess/);
  const before = await taken(instancesPath);
  const rates = JSON.parse(await readFile(`${instancesPath}/journal/rates.json`, "utf8"));
  assert.ok(rates.bytes_per_second.copy > MiB, JSON.stringify(rates));
  await workspace.mustRun(["apply", "--auto-approve"]);
  within((await taken(instancesPath)) - before, later.forecast.write, "one more guest");
});

/** The files of this name below a directory. */
async function pathsNamed(directory: string, name: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).filter((path) => path.endsWith(`/${name}`)).map((path) => join(directory, path));
}

test("the size of an image that was never fetched is unknown; a damaged record of speeds is ignored", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory, instancesPath } = workspace;
  const server = await serveImages(t, directory);
  await workspace.write({ [project]: stopped() }, { images: { small: { source: server.url("small.qcow2"), disk_format: "qcow2" } } });
  const unknown = JSON.parse((await workspace.run(["plan", "--json"])).stdout) as Document;
  assert.deepEqual(unknown.forecast.unknown, ["image/small"]);
  assert.match(
    (await workspace.mustRun(["plan"])).stdout,
    /^Forecast: downloads small \(size unknown\), writes an unknown amount \(128MiB when/m,
  );
  assert.equal(server.requests.size, 0, "a plan asks for nothing");
  await workspace.mustRun(["apply", "--auto-approve"]);
  await writeFile(`${instancesPath}/journal/rates.json`, '{"version":1,"seconds":{"disk.create":-1},"bytes_per_second":[');
  await workspace.write(
    { [project]: stopped({ count: 2 }) },
    { images: { small: { source: server.url("small.qcow2"), disk_format: "qcow2" } } },
  );
  const { forecast } = JSON.parse((await workspace.run(["plan", "--json"])).stdout) as Document;
  assert.deepEqual([forecast.unknown, forecast.download], [[], 0]);
});
