import { join } from "node:path";
import type { TestContext } from "node:test";
import { createLocalHost } from "../../../../src/host/local/local.ts";
import type { ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { Context } from "../../../../src/model/context.ts";
import type { Command, Host } from "../../../../src/model/host.ts";
import { cacheEntryName, createLayout } from "../../../../src/model/layout.ts";
import { uuidV5 } from "../../../../src/model/uuid.ts";
import { boundHost } from "../../../support/bound-host.ts";
import { plainSettings } from "../../../support/plain-settings.ts";
import { temporary } from "./images.ts";

let elsewhere: Host | undefined;

/** From now on every machine of this process is reached through that host, which has to lead to this machine. */
export function reachedThrough(host: Host): void {
  elsewhere = host;
}

/** This machine with an instances path of the test's own. Several of them on one `root` are several processes. */
export function machine(
  t: Pick<TestContext, "after">,
  options: { readonly root?: string; readonly project?: string; readonly wrap?: (host: Host) => Host } = {},
): Context {
  const root = options.root ?? join(temporary(t), "instances");
  const local = createLocalHost();
  t.after(() => local.close());
  const host = elsewhere ?? local;
  return {
    host: options.wrap?.(host) ?? host,
    layout: createLayout(root),
    settings: plainSettings(root),
    project: options.project ?? "shop",
    secret: () => "",
    signal: new AbortController().signal,
  };
}

/** An image as the configuration would ask for it. */
export function imageSpec(source: string, changes: Partial<ImageSpec> = {}): ImageSpec {
  const id = uuidV5(
    changes.checksum === undefined || changes.checksum === null ? source : `${changes.checksum.algorithm}:${changes.checksum.hex}`,
  );
  return {
    name: "debian",
    id,
    entry: cacheEntryName(id),
    source,
    checksum: null,
    diskFormat: "qcow2",
    format: "raw",
    bootFile: false,
    access: null,
    signed: null,
    unpack: "none",
    contentChecksum: null,
    cloneSize: null,
    found: null,
    signers: null,
    minDisk: 0,
    minRam: 0,
    maxVirtualSize: null,
    properties: {},
    ...changes,
  };
}

/** A host that reports every command before it runs; the callback may throw instead. */
export function watched(host: Host, tell: (command: Command) => void): Host {
  return {
    ...boundHost(host),
    run: async (command) => {
      tell(command);
      return host.run(command);
    },
  };
}

/** A host whose commands are others than asked for. */
export function changed(host: Host, change: (command: Command) => Command): Host {
  return { ...boundHost(host), run: (command) => host.run(change(command)) };
}
