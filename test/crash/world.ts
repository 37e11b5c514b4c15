import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collection } from "../../src/commands/collection.ts";
import { loadConfig } from "../../src/config/load.ts";
import { claimPlan } from "../../src/kinds/capacity/claim-plan.ts";
import type { Config } from "../../src/kinds/config.ts";
import { configSchema } from "../../src/kinds/config-schema.ts";
import { factsFor } from "../../src/kinds/facts-for.ts";
import { seeLedger } from "../../src/kinds/host/ledger.ts";
import { hostSettings } from "../../src/kinds/host/settings.ts";
import { unusedBases } from "../../src/kinds/image/remove.ts";
import { createChecks, createKinds } from "../../src/kinds/index.ts";
import { soughtOf } from "../../src/kinds/sought-of.ts";
import { guardUnread } from "../../src/kinds/unread-guard.ts";
import type { Context } from "../../src/model/context.ts";
import { hasErrors } from "../../src/model/diagnostic.ts";
import { UnreachableError, UserError, userError } from "../../src/model/errors.ts";
import type { Event } from "../../src/model/event.ts";
import { createLayout, layoutOf } from "../../src/model/layout.ts";
import type { OpenPeer } from "../../src/model/peer.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { SecretRef } from "../../src/model/secret.ts";
import type { Sought } from "../../src/model/sought.ts";
import type { UsedVariable } from "../../src/model/used-variable.ts";
import { type ApplyResult, plan, reconcile } from "../../src/reconcile.ts";
import type { Reconciliation } from "../../src/reconciliation.ts";
import type { FakeHost } from "../fake-host/host.ts";
import { createMachine, type Machine } from "../fake-host/machine.ts";
import { fakePublishers, signatureOf } from "../fake-host/publishers.ts";
import { makeQcow2 } from "../fake-host/qcow2.ts";
import { readSparse } from "../fake-host/sparse.ts";

/** Where everything of ours is on the fake machine. */
export const root = "/var/lib/virtform/instances";
export const layout = createLayout(root);

/** What the fake machine's net serves. */
export const images = {
  "https://images.test/debian.qcow2": makeQcow2Bytes("debian"),
  "https://images.test/fedora.qcow2": makeQcow2Bytes("fedora"),
  "https://images.test/vmlinuz": Buffer.from("a kernel"),
  "https://images.test/initrd": Buffer.from("a ramdisk"),
} as const;

/** A qcow2 image of 64 MiB whose guest sees these words at its beginning. */
export function makeQcow2Bytes(words: string): Buffer {
  return readSparse(makeQcow2({ size: 64 * 2 ** 20, data: Buffer.from(`${words} `.repeat(2000)) }));
}

/** `sha256:…` of what a URL serves. */
export function checksum(url: keyof typeof images): string {
  return `sha256:${createHash("sha256").update(images[url]).digest("hex")}`;
}

/** Signs checksums of what the net serves: `sha256:…` by URL. */
export function publish(machine: Machine, checksums: readonly (readonly [url: string, checksum: string])[]): void {
  const sums = checksums.map(([url, checksum]) => `${checksum.replace("sha256:", "")}  ${url.slice(url.lastIndexOf("/") + 1)}\n`).join("");
  machine.urls.set("https://images.test/SHA256SUMS", Buffer.from(sums));
  machine.urls.set("https://images.test/SHA256SUMS.gpg", signatureOf(sums));
}

/** A machine with images in its net and, on its disk, files that belong to others. */
export function createWorld(options: { readonly capacity?: number } = {}): Machine {
  const machine = createMachine(options);
  for (const [url, bytes] of Object.entries(images)) machine.urls.set(url, bytes);
  publish(
    machine,
    Object.keys(images).map((url) => [url, checksum(url as keyof typeof images)]),
  );
  machine.put(`${root}/ffffffff-0000-4000-8000-000000000001/disk`, "a stranger's disk");
  machine.put(`${root}/_base/notes.txt`, "a stranger's notes");
  machine.put("/srv/precious", "precious");
  machine.libvirtd.define(
    "<domain type='qemu'><name>stranger</name><uuid>ffffffff-0000-4000-8000-000000000002</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>",
  );
  const stranger = machine.libvirtd.find("stranger");
  if (stranger !== undefined) machine.libvirtd.start(stranger);
  return machine;
}

/** Lines of a snapshot that are a stranger's. */
export function strangers(machine: Machine): string[] {
  return machine.snapshot().filter((line) => /ffffffff-0000|notes\.txt|\/srv\/precious/.test(line));
}

const checked = new Map<string, ReturnType<typeof check>>();

/** Checks a configuration in YAML as `validate` does; each text once with each environment. */
export function configOf(yaml: string, env: Readonly<Record<string, string>> = {}): ReturnType<typeof check> {
  const key = JSON.stringify([yaml, env]);
  const known = checked.get(key) ?? check(yaml, env);
  checked.set(key, known);
  return known;
}

interface Checked {
  readonly config: Config;
  readonly warnings: Plan["diagnostics"];
  readonly variables: readonly UsedVariable[];
}

async function check(yaml: string, env: Readonly<Record<string, string>>): Promise<Checked> {
  const directory = mkdtempSync(join(tmpdir(), "virtform-apply-"));
  try {
    const path = join(directory, "virtform.yaml");
    writeFileSync(path, yaml);
    const { config, diagnostics, variables } = await loadConfig([path], { schema: configSchema(), env });
    if (hasErrors(diagnostics)) throw new UserError(diagnostics);
    return { config: config as Config, warnings: diagnostics, variables };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One run of virtform on the fake machine. */
export interface Run extends Reconciliation<Config> {
  readonly context: Context;
  readonly sought: Sought;
}

/** A process of virtform on this host with this configuration. */
export async function runOn(
  host: FakeHost,
  yaml: string,
  options: {
    readonly destroy?: boolean;
    readonly images?: boolean;
    /** Collect garbage that is at least this old, instead. */
    readonly collect?: string;
    readonly targets?: readonly string[];
    readonly replace?: readonly string[];
    readonly exclude?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly openPeer?: OpenPeer;
  } = {},
): Promise<Run> {
  const { config, warnings, variables } = await configOf(yaml, options.env);
  const settings = hostSettings(config, { root: true, dataHome: "/root/.local/share" });
  const lookUpSecret = (reference: SecretRef) => ("env" in reference ? options.env?.[reference.env] : undefined);
  const project = config.project ?? "default";
  return {
    name: "localhost",
    qualified: false,
    kinds: createKinds(settings, lookUpSecret, config),
    sought: soughtOf(config),
    checks: createChecks(settings),
    guard: guardUnread,
    room: { seen: seeLedger, claim: claimPlan },
    config,
    context: {
      host,
      layout: layoutOf(settings),
      settings,
      project,
      secret: (reference) => {
        const value = lookUpSecret(reference);
        if (value === undefined) throw userError("secret-missing", "A secret of the test is missing", "");
        return value;
      },
      signal: new AbortController().signal,
      publishers: fakePublishers(host.machine),
      openPeer: options.openPeer ?? unreachablePeer,
    },
    lookUpFacts: (context) => factsFor(context, config),
    warnings,
    variables,
    targets: options.targets ?? [],
    replace: options.replace ?? [],
    exclude: options.exclude ?? [],
    mode:
      options.collect !== undefined
        ? collection(config, options.collect)
        : options.destroy !== true
          ? { do: "apply" }
          : { do: "destroy", ...(options.images === true ? unusedBases(project) : {}) },
  };
}

/** A peer that does not answer. */
async function unreachablePeer(address: string): Promise<never> {
  throw new UnreachableError(`${address} does not answer.`);
}

/** What `virtform apply --auto-approve --allow-destroy` does. `onEvent` hears everything. */
export async function apply(
  run: Run,
  onEvent: (event: Event) => void = () => undefined,
  options: { readonly parallelism?: number; readonly lockTimeoutMs?: number; readonly savedPlan?: Plan } = {},
): Promise<ApplyResult> {
  try {
    return await reconcile([run], {
      reporter: { event: onEvent, close: async () => undefined },
      autoApprove: true,
      allowDestroy: "all",
      parallelism: options.parallelism ?? 4,
      lockTimeoutMs: options.lockTimeoutMs ?? 60_000,
      stop: new AbortController().signal,
      ...(options.savedPlan === undefined ? {} : { savedPlan: options.savedPlan }),
    });
  } finally {
    // A killed process closes nothing.
    const host = run.context.host as FakeHost;
    if (!host.dead) await host.close();
  }
}

/** What `virtform plan` says. */
export async function planOf(run: Run): Promise<Plan> {
  try {
    return await plan([run]);
  } finally {
    await run.context.host.close();
  }
}

/** Applies a configuration as a new process, and fails unless all of it is done. */
export async function applied(machine: Machine, yaml: string, options: Parameters<typeof runOn>[2] = {}): Promise<FakeHost> {
  const host = machine.boot();
  const { verdict, outcomes, plan: made } = await apply(await runOn(host, yaml, options));
  if (verdict !== "done" && verdict !== "nothing-to-do") {
    throw new Error(
      `apply is ${verdict}: ${JSON.stringify([...outcomes.filter(({ status }) => status !== "done"), ...made.diagnostics], undefined, 2)}`,
    );
  }
  return host;
}

/** Addresses and verbs of a plan, for messages. */
export function summary(made: Plan): string[] {
  return made.changes.map(({ address, verb, reason }) => `${verb} ${address}: ${reason}`);
}
