import type { Context } from "../../../../src/model/context.ts";
import type { Host } from "../../../../src/model/host.ts";
import { createLayout } from "../../../../src/model/layout.ts";

/** libvirt that real tests talk to. */
export const testUri = process.env["VIRTFORM_TEST_URI"] ?? "qemu:///system";

/** A context of a test's own. */
export function testContext(
  host: Host,
  fields: { readonly uri?: string; readonly project?: string; readonly instancesPath?: string } = {},
): Context {
  const instancesPath = fields.instancesPath ?? "/nonexistent";
  return {
    host,
    layout: createLayout(instancesPath),
    settings: { uri: fields.uri ?? testUri, instancesPath } as Context["settings"],
    project: fields.project ?? "test",
    secret: () => {
      throw new Error("no secrets here");
    },
    signal: new AbortController().signal,
  };
}
