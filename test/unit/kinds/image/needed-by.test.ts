import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { neededBy } from "../../../../src/kinds/image/collect.ts";
import type { ImageState } from "../../../../src/kinds/image/spec.ts";
import { cacheEntryName } from "../../../../src/model/layout.ts";
import { factsWith } from "../../drivers/planning.ts";

test("the base image of a name in Glance is that of the id that the service gives; while it gives none, each that came from the name", () => {
  const source = "glance://debian%2013";
  const config: Config = { project: "shop", images: { debian: { source, disk_format: "raw" } } };
  const id = "8d66f1b2-0000-4000-8000-000000000001";
  const state = (entry: string, from: string) => ({ entry, sidecar: { source: from } }) as ImageState;
  const image = {
    id,
    name: "debian 13",
    status: "active",
    diskFormat: "raw",
    containerFormat: "bare",
    size: 1,
    virtualSize: null,
    minDisk: 0,
    minRam: 0,
  };
  const found = { ...image, owner: null, visibility: "private", protected: false, digest: null, locations: [], properties: {} };
  const known = neededBy(config, { ...factsWith(), sources: { [source]: { way: null, bytes: 1, image: found } } });
  assert.deepEqual(
    [state(cacheEntryName(id), source), state("of the image that had the name before", source), state("other", "/srv/other.raw")].map(
      known,
    ),
    [true, false, false],
  );
  const silent = neededBy(config, factsWith());
  assert.deepEqual([state(cacheEntryName(id), source), state("other", "/srv/other.raw")].map(silent), [true, false]);
});
