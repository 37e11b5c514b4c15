import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { proposedProject } from "../config/proposed-project.ts";
import type { Config, FlavorConfig } from "../kinds/config.ts";
import { type AdoptedEntry, adoptedEntry, type NotAdoptable } from "../kinds/instance/adopt/entry.ts";
import { type AdoptableDomain, lookAtDomains } from "../kinds/instance/adopt/look.ts";
import { closest } from "../model/closest.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import { escapeControls } from "../model/escape-controls.ts";
import { problem } from "../model/problem.ts";
import { shellWord } from "../model/shell-word.ts";
import type { HostSession, Session } from "../session.ts";
import { adoptYaml } from "./adopt-yaml.ts";
import { type CommandDefinition, hostOptions, type Invocation } from "./command.ts";
import { eachHost, notFoundOn } from "./each-host.ts";
import { ambiguousName, hostOfName } from "./host-of-name.ts";
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
  const several = session.hosts.length > 1;
  const { found, complete, failed } = await eachHost(session, { event }, async (host) => {
    const { context, lookUpFacts } = host;
    const [domains, facts] = await Promise.all([lookAtDomains(context), lookUpFacts({ ...context, looksOnly: true })]);
    return { domains, facts };
  });
  const chosen = chooseDomains(session, { found: found.map(({ host, value }) => ({ host, domains: value.domains })), failed }, names);
  const texts: string[] = [];
  const guests: string[] = [];
  let leftOut = false;
  for (const { host, address, value } of found) {
    const { entries, skipped } = describe(chosen.get(host.name) ?? [], { config: host.config, host, facts: value.facts });
    for (const { domain, why } of skipped) {
      const summary = `Domain ${address(domain)} is left out: it ${why}`;
      event({
        type: "diagnostic",
        diagnostic: problem(
          "not-adoptable",
          { summary, detail: "Correct what is named and run adopt again, or leave the domain as it is." },
          "warning",
        ),
      });
    }
    leftOut ||= skipped.length > 0;
    if (entries.length === 0) continue;
    const text = adoptYaml(entries, host.config.project === undefined ? proposedProject(resolve(".")) : undefined);
    texts.push(several ? `# On the host ${host.name}:\n${text}` : text);
    guests.push(...entries.map(({ name }) => address(name)));
  }
  const code = !complete || (names.length > 0 && leftOut) ? 1 : 0;
  if (texts.length === 0 && code === 1) return code;
  if (texts.length === 0) {
    event({ type: "result", result: { kind: "nothing", text: "There is no domain to adopt." } });
    return 0;
  }
  if (out !== undefined && texts.length > 1)
    throw userError(
      "bad-option",
      `The guests of several hosts cannot be written into one file: ${guests.join(", ")}`,
      "A file belongs to the configuration of one host. Name guests of one host, such as HOST/NAME, or omit --out to print all of them.",
    );
  const text = texts.join("\n");
  if (out === undefined) {
    event({ type: "result", result: { kind: "document", text } });
    return code;
  }
  await writeFile(out, text, { flag: "wx" }).catch((error: unknown) => {
    throw userError("file-exists", `Cannot write ${out}`, errorMessage(error));
  });
  io.stderr.write(
    escapeControls(
      `Wrote ${guests.join(", ")} to ${out}. See what adopting them does with: virtform plan ${planArguments(paths, io)}`.trimEnd(),
      "\n",
    ),
  );
  io.stderr.write("\n");
  return code;
}

/** The same configuration for another command. */
function planArguments(paths: readonly string[], { hosts = [] }: Pick<Io, "hosts">): string {
  return [...hosts.flatMap((host) => ["--host", shellWord(host)]), ...paths.map(shellWord)].join(" ");
}

interface DomainsOfHost {
  readonly host: HostSession;
  readonly domains: readonly AdoptableDomain[];
}

/**
 * The domains that were named, or all without an owner, by the name of their host; those that the configuration adopts already are left out.
 * Throws a UserError with every name that means no domain, several, or one that is declared.
 */
function chooseDomains(
  session: Session,
  { found, failed }: { readonly found: readonly DomainsOfHost[]; readonly failed: readonly string[] },
  words: readonly string[],
): ReadonlyMap<string, readonly AdoptableDomain[]> {
  const declared = new Map(found.map(({ host }) => [host.name, adoptedIn(host.config)]));
  if (words.length === 0) {
    const isFree = (host: string, { state }: AdoptableDomain) => state.label === undefined && declared.get(host)?.has(state.uuid) !== true;
    return new Map(found.map(({ host, domains }) => [host.name, domains.filter((domain) => isFree(host.name, domain))]));
  }
  const wrong: Diagnostic[] = [];
  const chosen = new Map<string, Set<AdoptableDomain>>();
  for (const word of words) {
    const { hosts, name } = hostOfName(session, word);
    const having = found.flatMap(({ host, domains }) =>
      hosts.includes(host)
        ? domains.filter(({ state }) => state.name === name || state.uuid === name).map((domain) => ({ host, domain }))
        : [],
    );
    const [first] = having;
    if (first === undefined) {
      const near = closest(
        name,
        found.flatMap(({ domains }) => domains.flatMap(({ state }) => [state.name, state.uuid])),
      );
      const detail = near === undefined ? "`virsh list --all` names them." : `Did you mean ${near}?`;
      wrong.push(...notFoundOn(failed, "not-found", `There is no domain ${word}`, detail).diagnostics);
      continue;
    }
    const names = [...new Set(having.map(({ host }) => host.name))];
    if (names.length > 1) throw ambiguousName(name, names);
    const entry = declared.get(first.host.name)?.get(first.domain.state.uuid);
    if (entry !== undefined)
      wrong.push(problem("already-adopted", { summary: `${word} is declared already, as instance ${entry}`, detail: "Leave it out." }));
    const ofHost = chosen.get(first.host.name) ?? new Set();
    for (const { domain } of having) ofHost.add(domain);
    chosen.set(first.host.name, ofHost);
  }
  if (wrong.length > 0) throw new UserError(wrong);
  // In the order in which libvirt lists them.
  return new Map(found.map(({ host, domains }) => [host.name, domains.filter((domain) => chosen.get(host.name)?.has(domain) === true)]));
}

/** The instances that a configuration adopts, by UUID. */
function adoptedIn({ instances = {} }: Config): ReadonlyMap<string | undefined, string> {
  return new Map(Object.entries(instances).flatMap(([name, { adopt, uuid }]) => (adopt === true ? [[uuid, name] as const] : [])));
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
