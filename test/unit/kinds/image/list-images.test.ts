import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { hostSettings } from "../../../../src/kinds/host/settings.ts";
import { bases } from "../../../../src/kinds/image/address.ts";
import { desiredImages } from "../../../../src/kinds/image/desired.ts";
import { leftovers } from "../../../../src/kinds/image/leftover.ts";
import { listImages } from "../../../../src/kinds/image/list-images.ts";
import type { ImageState } from "../../../../src/kinds/image/spec.ts";
import { factsWith, observedOf, runner } from "../../drivers/planning.ts";

const config: Config = {
  project: "shop",
  images: { debian: { source: "https://ops:secret@mirror.example.org/debian.qcow2", disk_format: "qcow2" } },
};
const settings = hostSettings(config, runner);
const facts = factsWith();
const [spec] = desiredImages({ config, settings, facts }).map(({ spec }) => spec);
assert.ok(spec !== undefined);
const { entry } = spec;

const base: ImageState = {
  entry,
  path: `/i/_base/${entry}`,
  size: 3 * 2 ** 30,
  allocated: 2 ** 30,
  mode: 0o100444,
  usedAt: 0,
  users: [],
  sidecar: {
    version: 1,
    id: spec.id,
    project: "shop",
    image: "debian",
    source: "https://mirror.example.org/debian.qcow2",
    digests: { sha256: "ab".repeat(32) },
    diskFormat: "qcow2",
    format: "raw",
    bytes: 400 * 2 ** 20,
    virtualSize: 3 * 2 ** 30,
    fetchedAt: "2026-01-01T00:00:00.000Z",
  },
};
const leftover = { kind: "leftover", entry, paths: [`/i/_base/${entry}.part`], allocated: 5, writtenAt: 0 } as const;

const listed = (states: Readonly<Record<string, unknown>>, busy: readonly string[] = [], of: Config = config) =>
  listImages({ config: of, settings, facts, observed: observedOf(facts, new Map(Object.entries(states))), busy: new Set(busy) });

test("Nova GLA-10: an image is queued until it is fetched, saving while a process makes it, active when it is whole, killed after an interrupted fetch", () => {
  const statusOf = (states: Readonly<Record<string, unknown>>, busy: readonly string[] = []) =>
    listed(states, busy).map(({ name, status }) => `${name} ${status}`);
  const [whole, interrupted] = [{ [bases.at(entry)]: base }, { [leftovers.at(entry)]: leftover }];
  assert.deepEqual(statusOf({}), ["debian queued"]);
  assert.deepEqual(statusOf({}, [entry]), ["debian saving"]);
  // The files of a fetch that runs look like those of one that was interrupted.
  assert.deepEqual(statusOf(interrupted, [entry]), ["debian saving"]);
  assert.deepEqual(statusOf(interrupted), ["debian killed"]);
  assert.deepEqual(statusOf(whole), ["debian active"]);
  assert.deepEqual(statusOf({ ...whole, ...interrupted }), ["debian active"]);
});

test("Nova SIZE-03, GLA-20: the sizes of the file at its source, of the disk, and of what it takes on the host are three values", () => {
  const [image] = listed({ [bases.at(entry)]: base });
  assert.deepEqual([image?.file_size, image?.virtual_size, image?.allocated], [400 * 2 ** 20, 3 * 2 ** 30, 2 ** 30]);
  assert.equal(image?.source, "https://mirror.example.org/debian.qcow2");
  const [unfetched] = listed({});
  assert.deepEqual([unfetched?.file_size, unfetched?.virtual_size, unfetched?.allocated], [null, null, null]);
});

test("a base image that is not declared any more is listed after those that are, with the name under which it was fetched", () => {
  const others = listed({ [bases.at(entry)]: base }, [], { project: "shop" });
  assert.deepEqual(
    others.map(({ name, declared, status }) => [name, declared, status]),
    [["debian", false, "active"]],
  );
});
