import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { loadConfig } from "../../../../../src/config/load.ts";
import type { Config } from "../../../../../src/kinds/config.ts";
import { publicSeed } from "../../../../../src/kinds/instance/seed/public.ts";
import { recordedSecrets } from "../../../../../src/kinds/instance/seed/recorded-secrets.ts";
import { resolveSeedSecrets } from "../../../../../src/kinds/instance/seed/secrets.ts";
import { seedTree } from "../../../../../src/kinds/instance/seed/tree.ts";
import { schema } from "../../../../../src/kinds/schema.ts";
import { fullSpec } from "./fixtures.ts";

const bytes = gzipSync(`#cloud-config\npackages: [${"nginx, ".repeat(100)}]\n`);

test("user data in gzip is on the drive byte for byte, and is recognised later", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-gzip-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "web.gz"), bytes);
  const yaml = `images: { tiny: { source: /srv/tiny.img, disk_format: raw, checksum: "sha256:${"0".repeat(64)}" } }
flavors: { small: { vcpus: 1, ram: 128MiB, disk: 1GiB } }
instances: { web: { image: tiny, flavor: small, user_data: ./web.gz, admin_password: { env: PW } } }
`;
  writeFileSync(join(directory, "virtform.yaml"), yaml);
  const loaded = await loadConfig([], { schema, cwd: directory });
  assert.deepEqual(loaded.diagnostics, []);
  const config = JSON.parse(JSON.stringify(loaded.config)) as Config;
  const userData = config.instances?.["web"]?.user_data ?? null;
  const spec = { ...fullSpec("/instances"), userData };
  const secrets = resolveSeedSecrets({ secret: () => "s3cret" }, spec);
  const tree = seedTree(spec, { ...secrets, randomSeed: Buffer.alloc(512) });
  for (const path of ["openstack/latest/user_data", "ec2/latest/user-data"]) assert.deepEqual(tree.get(path), bytes);
  const shown = publicSeed(spec);
  assert.deepEqual(Object.keys(shown["user_data"] as object), ["sha256", "bytes"]);
  assert.deepEqual(recordedSecrets(config, () => "s3cret")({ ...shown, admin_password: { env: "PW" } }).userData, bytes);
});
