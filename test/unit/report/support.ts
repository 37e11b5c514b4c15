// Registers how each kind is presented.
import "../../../src/kinds/index.ts";
import { order } from "../../../src/engine/order.ts";
import type { Action } from "../../../src/model/action.ts";
import type { Address } from "../../../src/model/address.ts";
import type { Change, Verb } from "../../../src/model/change.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { exists } from "../../../src/model/fact.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { createReporter, type ReporterOptions } from "../../../src/report/index.ts";
import { facts } from "../../support/observed.ts";

/** An action with the uninteresting parts filled in. */
export function action(address: Address, verb: string, fields: Partial<Action> = {}): Action {
  const kind = address.slice(0, address.indexOf("/"));
  return {
    id: `${address}#${verb}`,
    type: `${kind}.${verb}`,
    address,
    summary: verb,
    args: {},
    needs: [],
    makes: [exists(address)],
    locks: [],
    effect: "none",
    ...fields,
  };
}

/** A change with the uninteresting parts filled in. */
export function change(address: Address, verb: Verb, fields: Partial<Change> = {}): Change {
  return {
    address,
    verb,
    cause: "config",
    reason: "does not exist yet",
    fields: [],
    actions: [action(address, verb)],
    before: verb === "create" ? null : {},
    after: verb === "delete" ? null : {},
    ...fields,
  };
}

/** A plan of these changes, ordered as the engine orders. */
export function planOf(changes: readonly Change[], fields: Partial<Plan> = {}): Plan {
  return {
    formatVersion: "1.0",
    host: "localhost",
    project: "shop",
    target: { uri: "qemu:///system", instancesPath: "/var/lib/virtform/instances" },
    changes,
    unchanged: [],
    actions: order(changes.flatMap(({ actions }) => actions)),
    diagnostics: [],
    unmanaged: [],
    pending: [],
    complete: true,
    basis: {},
    ...fields,
  };
}

const GiB = 2 ** 30;

/** An image and as many instances of it, each a disk, a seed and a domain. */
export function manyInstances(count: number): Plan {
  const image = change("image/debian-13", "create", {
    fields: [{ path: "source", new: "https://example.org/debian-13.qcow2" }],
    actions: [
      action("image/debian-13", "create", {
        summary: "fetch and convert to raw",
        makes: facts(["base/debian-13"]),
        cost: { moves: { download: 3 * GiB } },
      }),
    ],
  });
  const instances = Array.from({ length: count }, (_, index) => instance(`web-${index}`));
  return planOf([image, ...instances.flat()]);
}

function instance(name: string): Change[] {
  const disk: Address = `disk/${name}.root`;
  const seed: Address = `seed/${name}`;
  const domain: Address = `domain/${name}`;
  return [
    change(disk, "create", {
      fields: [
        { path: "image", new: "debian-13" },
        { path: "size", new: 20 * GiB },
        { path: "backend", new: "qcow2" },
      ],
      actions: [action(disk, "create", { summary: "create qcow2 disk of 20GiB from debian-13", needs: facts(["base/debian-13"]) })],
    }),
    change(seed, "create", {
      fields: [
        { path: "format", new: "iso9660" },
        { path: "hostname", new: name },
      ],
      actions: [action(seed, "create", { summary: "build iso9660 config drive" })],
    }),
    change(domain, "create", {
      fields: [
        { path: "vcpus", new: 1 },
        { path: "memory", new: 2 * GiB },
      ],
      actions: [
        action(domain, "define", { summary: "define", needs: facts([disk, seed]), makes: facts([`${domain}:defined`]) }),
        action(domain, "start", { summary: "start", needs: facts([`${domain}:defined`]), makes: facts([`${domain}:running`]) }),
      ],
    }),
  ];
}

/** A stream that keeps what is written to it. */
export function memory(): { text: string; write(text: string): boolean } {
  return {
    text: "",
    write(text) {
      this.text += text;
      return true;
    },
  };
}

/** A reporter whose output is kept, with a clock that stands still until it is moved. */
export async function recordingReporter({ format = "text", ...options }: Partial<ReporterOptions> & { readonly format?: string } = {}) {
  const stdout = memory();
  const stderr = memory();
  const clock = { milliseconds: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const reporter = await createReporter(format, {
    color: false,
    stdout,
    stderr,
    command: "plan",
    interactive: false,
    version: "0.1.0",
    now: () => new Date(clock.milliseconds),
    ...options,
  });
  return { reporter, stdout, stderr, clock };
}

/** Why an action failed, as its outcome says it. */
export function failure(summary: string, code = "test-failure", detail = ""): Diagnostic[] {
  return [{ severity: "error", code, summary, detail }];
}
