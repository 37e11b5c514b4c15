import type { TestContext } from "node:test";
import { createLocalHost } from "../../../../../src/host/local/local.ts";
import type { Context } from "../../../../../src/model/context.ts";
import { userError } from "../../../../../src/model/errors.ts";
import type { Host } from "../../../../../src/model/host.ts";
import { createLayout } from "../../../../../src/model/layout.ts";
import { temporaryDirectory } from "../../../../unit/kinds/instance/seed/fixtures.ts";

/** This machine, with a temporary instances path and the given secrets. `wrap` may put something in front of the host. */
export async function seedContext(
  test: TestContext,
  options: { readonly secrets?: Record<string, string>; readonly root?: string; readonly wrap?: (host: Host) => Host } = {},
): Promise<Context> {
  const root = options.root ?? (await temporaryDirectory(test));
  const host = createLocalHost();
  test.after(() => host.close());
  return {
    host: options.wrap?.(host) ?? host,
    layout: createLayout(root),
    settings: {
      uri: "qemu:///system",
      instancesPath: root,
      virtType: "auto",
      imagesType: "qcow2",
      forceRawImages: true,
      preallocateImages: "none",
      reserved: { memory: 0, disk: 0 },
      allocationRatio: { vcpus: 1, memory: 1, disk: 1 },
      usedDrivers: [],
      programs: [],
      machines: [],
      networks: null,
      drivers: {},
      cloneSources: [],
    },
    project: "shop",
    secret(reference) {
      const env = "env" in reference ? reference.env : "";
      const value = options.secrets?.[env];
      if (value === undefined) throw userError("secret-missing", `the environment variable ${env} is not set`);
      return value;
    },
    signal: new AbortController().signal,
  };
}
