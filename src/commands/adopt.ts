import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { proposedProject } from "../config/proposed-project.ts";
import type { Config, FlavorConfig } from "../kinds/config.ts";
import { type AdoptedEntry, adoptedEntry, type NotAdoptable } from "../kinds/instance/adopt/entry.ts";
import { type AdoptableDomain, lookAtDomains } from "../kinds/instance/adopt/look.ts";
import { closest } from "../model/closest.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import { escapeControls } from "../model/escape-controls.ts";
import { problem } from "../model/problem.ts";
import { shellWord } from "../model/shell-word.ts";
import { type HostSession, onlyHost } from "../session.ts";
import { adoptYaml } from "./adopt-yaml.ts";
import { type CommandDefinition, hostOptions, type Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { namesAndPaths } from "./names-and-paths.ts";
import { openConfiguredOrDefault } from "./open-session.ts";
import { reported } from "./reported.ts";

/** `virtform adopt`: writes YAML for guests that other programs made. */
export const adopt: CommandDefinition = {
  summary: "Write YAML for guests that other programs made",
  usage: "DOMAIN…|--all [PATH…] [options]",
  description:
    "Writes the YAML that describes existing domains as they are (of virt-install, virt-manager or Nova). Nothing is changed by it: with the YAML among the files of the configuration, `plan` shows one line for each guest, and `apply` labels it. What YAML cannot say stays as it is, and is named in a comment. Disks that virtform did not create are attached, never created, changed or deleted. Names are those of domains, or their UUIDs.",
  options: {
    ...hostOptions,
    all: { type: "boolean", help: "Every domain of the host that no project owns." },
    out: { type: "string", value: "FILE", help: "Write to a new file instead of standard output." },
  },
  examples: [
    ["virtform adopt web --out web.virtform.yaml", "Describes one guest; the name of the file makes it part of the configuration."],
    ["virtform adopt --all", "Prints the YAML for every guest that no project owns."],
  ],
  run: (invocation, io) => reported(invocation, io, { command: "adopt" }, ({ event }) => run(invocation, io, event)),
};

type Report = Parameters<Parameters<typeof reported>[3]>[0]["event"];

async function run(invocation: Invocation, io: Io, event: Report): Promise<number> {
  const { names, paths } = namesAndPaths(invocation);
  const all = invocation.flag("all");
  if (names.length === 0 && !all)
    throw userError(
      "missing-name",
      "Which guests are to be adopted?",
      "Name the domains (`virtform adopt web`), or write --all. `virtform show` lists them.",
    );
  const out = invocation.text("out");
  if (out !== undefined && existsSync(out))
    throw userError(
      "file-exists",
      `${out} exists`,
      "virtform adopt writes new files only. Name another file, or add the printed YAML to this one.",
    );
  await using session = await openConfiguredOrDefault(paths, io);
  const host = onlyHost(session);
  const { config, context, lookUpFacts } = host;
  const [domains, facts] = await Promise.all([lookAtDomains(context), lookUpFacts({ ...context, looksOnly: true })]);
  const chosen = chooseDomains(domains, names, config);
  const { entries, skipped } = describe(chosen, { config, host, facts });
  for (const { domain, why } of skipped)
    event({ type: "diagnostic", diagnostic: problem("not-adoptable", { summary: `Domain ${domain} is left out: it ${why}` }, "warning") });
  const code = names.length > 0 && skipped.length > 0 ? 1 : 0;
  if (entries.length === 0 && code === 1) return code;
  if (entries.length === 0) {
    event({ type: "result", result: { kind: "nothing", text: "There is no domain to adopt." } });
    return 0;
  }
  const text = adoptYaml(entries, config.project === undefined ? proposedProject(resolve(".")) : undefined);
  if (out === undefined) {
    event({ type: "result", result: { kind: "document", text } });
    return code;
  }
  await writeFile(out, text, { flag: "wx" }).catch((error: unknown) => {
    throw userError("file-exists", `Cannot write ${out}`, errorMessage(error));
  });
  const guests = entries.map(({ name }) => name).join(", ");
  io.stderr.write(
    escapeControls(
      `Wrote ${guests} to ${out}. See what adopting them does with: virtform plan ${paths.map(shellWord).join(" ")}`.trimEnd(),
      "\n",
    ),
  );
  io.stderr.write("\n");
  return code;
}

/** The domains that were named, or all without an owner, except those that the configuration adopts already. */
function chooseDomains(domains: readonly AdoptableDomain[], names: readonly string[], config: Config): AdoptableDomain[] {
  const declared = new Map(
    Object.entries(config.instances ?? {}).flatMap(([name, { adopt, uuid }]) => (adopt === true ? [[uuid, name] as const] : [])),
  );
  if (names.length === 0) return domains.filter(({ state }) => state.label === undefined && !declared.has(state.uuid));
  const known = domains.flatMap(({ state }) => [state.name, state.uuid]);
  const wrong = names.flatMap((name) => {
    const found = domains.find(({ state }) => state.name === name || state.uuid === name);
    if (found === undefined) {
      const near = closest(name, known);
      return [
        problem("not-found", {
          summary: `There is no domain ${name}`,
          detail: near === undefined ? "`virsh list --all` names them." : `Did you mean ${near}?`,
        }),
      ];
    }
    const entry = declared.get(found.state.uuid);
    return entry === undefined
      ? []
      : [problem("already-adopted", { summary: `${name} is declared already, as instance ${entry}`, detail: "Leave it out." })];
  });
  if (wrong.length > 0) throw new UserError(wrong);
  return domains.filter(({ state }) => names.includes(state.name) || names.includes(state.uuid));
}

function describe(
  domains: readonly AdoptableDomain[],
  {
    config,
    host,
    facts,
  }: { readonly config: Config; readonly host: HostSession; readonly facts: Awaited<ReturnType<HostSession["lookUpFacts"]>> },
): { readonly entries: readonly AdoptedEntry[]; readonly skipped: readonly NotAdoptable[] } {
  const entries: AdoptedEntry[] = [];
  const skipped: NotAdoptable[] = [];
  const flavors: Record<string, FlavorConfig> = { ...config.flavors };
  const taken = new Set(Object.keys(config.instances ?? {}));
  for (const domain of domains) {
    const made = adoptedEntry(domain, { config: { ...config, flavors }, settings: host.context.settings, facts }, taken);
    if ("why" in made) {
      skipped.push(made);
      continue;
    }
    entries.push(made);
    taken.add(made.name);
    if (made.flavor !== null) flavors[made.flavor.name] = made.flavor.config;
  }
  return { entries, skipped };
}
