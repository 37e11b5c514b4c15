import { errorMessage } from "../../src/model/errors.ts";
import type { FileTree } from "./file-tree.ts";
import type { Domain, Libvirtd, PowerNumber } from "./libvirtd.ts";
import type { Life } from "./life.ts";
import { readSparse } from "./sparse.ts";
import { capabilities, nodeinfo, version } from "./virsh-node.ts";
import { printXml } from "./xml.ts";

/** What one command says. */
export interface Said {
  readonly out: string;
  readonly err: string;
  readonly ok: boolean;
}

/** The machine as virsh sees it. */
export interface VirshWorld {
  readonly files: FileTree;
  readonly libvirtd: Libvirtd;
  readonly life: Life;
  /** Of a virsh that runs one command; a conversation has none to spare. */
  readonly stdin?: Buffer;
}

interface VirshCommand {
  /** Options without a value. */
  readonly flags?: readonly string[];
  /** Options with a value, in the order in which bare words fill them. */
  readonly values?: readonly string[];
  /** How many of `values` have to be there. */
  readonly required?: number;
  readonly run: (world: VirshWorld, options: Options) => Said;
}

interface Options {
  flag(name: string): boolean;
  value(name: string): string;
}

const stateNames: Readonly<Record<PowerNumber, string>> = { 1: "running", 3: "paused", 5: "shut off", 6: "crashed" };
const said = (out: string): Said => ({ out, err: "", ok: true });
const failed = (...lines: string[]): Said => ({ out: "", err: lines.map((line) => `error: ${line}\n`).join(""), ok: false });

/** A command about one domain. A change counts as an effect of the process that asked for it. */
function onDomain(
  what: string | undefined,
  work: (world: VirshWorld, domain: Domain, options: Options) => string | undefined,
  more: Partial<VirshCommand> = {},
): VirshCommand {
  return {
    ...more,
    values: ["domain", ...(more.values ?? [])],
    required: 1 + (more.required ?? 0),
    run: (world, options) => {
      const key = options.value("domain");
      const domain = world.libvirtd.find(key);
      if (domain === undefined) return failed(`failed to get domain '${key}'`);
      if (what === "start" && domain.live !== undefined) return failed("Domain is already active");
      let result: string | undefined;
      let refusal: unknown;
      const attempt = () => {
        try {
          result = work(world, domain, options);
        } catch (error) {
          refusal = error;
        }
      };
      if (what === undefined) attempt();
      else world.life.effect(`virsh ${what} ${domain.name}`, attempt);
      if (refusal === undefined) return said(result ?? "");
      // virsh names the domain by its name when starting it, and as it was asked for otherwise.
      const subject = what === "resize" ? `block device '${options.value("path")}'` : `domain '${what === "start" ? domain.name : key}'`;
      return failed(...(what === undefined ? [] : [`Failed to ${what} ${subject}`]), errorMessage(refusal));
    },
  };
}

const commands: Readonly<Record<string, VirshCommand>> = {
  echo: {
    flags: ["err"],
    values: ["string"],
    run: (_world, options) =>
      options.flag("err") ? { out: "", err: `error: ${options.value("string")}\n`, ok: true } : said(options.value("string")),
  },
  hostname: { run: () => said("fakehost\n") },
  nodeinfo: { run: () => said(nodeinfo) },
  version: { run: () => said(version) },
  uri: { run: () => said("qemu:///system\n") },
  capabilities: { run: ({ libvirtd }) => said(capabilities(libvirtd.kvm)) },
  list: {
    flags: [
      ...["all", "inactive", "uuid", "name", "transient", "persistent", "state-running", "state-paused", "state-shutoff"],
      ...["with-managed-save", "autostart"],
    ],
    run: ({ libvirtd }, options) => {
      const chosen = libvirtd.all().filter((domain) => {
        const active = domain.live !== undefined;
        if (!options.flag("all") && (options.flag("inactive") || options.flag("state-shutoff") ? active : !active)) return false;
        if (options.flag("transient") !== options.flag("persistent") && options.flag("transient") === (domain.stored !== undefined))
          return false;
        if (options.flag("autostart") && !domain.autostart) return false;
        if (options.flag("with-managed-save") && domain.saved === undefined) return false;
        const states = (["state-running", "state-paused", "state-shutoff"] as const).filter((name) => options.flag(name));
        return states.length === 0 || states.some((name) => stateNames[domain.state].replace("shut off", "shutoff") === name.slice(6));
      });
      if (options.flag("uuid") && options.flag("name")) return said(chosen.map(({ uuid, name }) => `${uuid} ${name}\n`).join(""));
      if (options.flag("uuid")) return said(chosen.map(({ uuid }) => `${uuid}\n`).join(""));
      if (options.flag("name")) return said(chosen.map(({ name }) => `${name}\n`).join(""));
      return said(
        chosen.map(({ id, live, name, state }) => ` ${live === undefined ? "-" : id}   ${name}   ${stateNames[state]}\n`).join(""),
      );
    },
  },
  domstats: {
    flags: ["state", "raw", "nowait"],
    values: ["domain"],
    run: ({ libvirtd }, options) => {
      const key = options.value("domain");
      const one = libvirtd.find(key);
      if (key !== "" && one === undefined) return failed(`failed to get domain '${key}'`);
      const chosen = one === undefined ? libvirtd.all() : [one];
      return said(chosen.map(({ name, state }) => `Domain: '${name}'\n  state.state=${state}\n  state.reason=1\n`).join("\n"));
    },
  },
  dumpxml: onDomain(undefined, ({ libvirtd }, domain, options) => libvirtd.document(domain, options.flag("inactive")), {
    flags: ["inactive", "security-info"],
  }),
  domstate: onDomain(undefined, (_world, { state }, options) => `${stateNames[state]}${options.flag("reason") ? " (unknown)" : ""}\n`, {
    flags: ["reason"],
  }),
  dominfo: onDomain(undefined, (_world, { live, id, name, uuid, state, stored, saved }) =>
    [
      `Id:             ${live === undefined ? "-" : id}`,
      `Name:           ${name}`,
      `UUID:           ${uuid}`,
      "OS Type:        hvm",
      `State:          ${stateNames[state]}`,
      `Persistent:     ${stored === undefined ? "no" : "yes"}`,
      `Managed save:   ${saved === undefined ? "no" : "yes"}`,
      "",
    ].join("\n"),
  ),
  // Other than every other command, this one does not take a uuid for a domain.
  domuuid: {
    values: ["domain"],
    required: 1,
    run: ({ libvirtd }, options) => {
      const domain = libvirtd.find(options.value("domain"));
      return domain === undefined || domain.uuid === options.value("domain")
        ? failed(`failed to get domain '${options.value("domain")}'`)
        : said(`${domain.uuid}\n`);
    },
  },
  // And this one does not take a name.
  domname: {
    values: ["domain"],
    required: 1,
    run: ({ libvirtd }, options) => {
      const domain = libvirtd.find(options.value("domain"));
      return domain === undefined || domain.name === options.value("domain")
        ? failed(`failed to get domain '${options.value("domain")}'`)
        : said(`${domain.name}\n`);
    },
  },
  domid: onDomain(undefined, (_world, { live, id }) => `${live === undefined ? "-" : id}\n`),
  autostart: onDomain(
    "autostart",
    (_world, domain, options) => {
      domain.autostart = !options.flag("disable");
      return "";
    },
    { flags: ["disable"] },
  ),
  define: {
    flags: ["validate"],
    values: ["file"],
    required: 1,
    run: ({ files, libvirtd, life }, options) => {
      const path = options.value("file");
      const inode = files.find(path);
      if (inode?.type !== "file") return failed(`Failed to open file '${path}': No such file or directory`);
      const document = readSparse(inode.content).toString("utf8");
      try {
        const domain = life.effect(`virsh define ${/<name>([^<]*)/.exec(document)?.[1] ?? "?"}`, () =>
          attempt(() => libvirtd.define(document)),
        );
        if (domain instanceof Error) throw domain;
        return said("");
      } catch (error) {
        if (life.dead) throw error;
        return failed(`Failed to define domain from ${path}`, errorMessage(error));
      }
    },
  },
  undefine: onDomain(
    "undefine",
    ({ libvirtd }, domain, options) => void libvirtd.undefine(domain, { managedSave: options.flag("managed-save") }),
    {
      flags: ["managed-save", "snapshots-metadata", "checkpoints-metadata", "nvram", "keep-nvram"],
    },
  ),
  domrename: onDomain("rename", ({ libvirtd }, domain, options) => void libvirtd.rename(domain, options.value("new-name")), {
    values: ["new-name"],
    required: 1,
  }),
  start: onDomain("start", ({ libvirtd }, domain) => void libvirtd.start(domain), { flags: ["paused", "force-boot"] }),
  managedsave: onDomain("save", ({ libvirtd }, domain) => void libvirtd.save(domain)),
  "managedsave-remove": onDomain("remove managed save image for", (_world, domain) => {
    domain.saved = undefined;
    return "";
  }),
  "managedsave-dumpxml": onDomain(undefined, (_world, { saved }) => {
    if (saved === undefined) throw new Error("Requested operation is not valid: domain does not have managed save image");
    return printXml(saved.live);
  }),
  suspend: onDomain("suspend", ({ libvirtd }, domain) => void libvirtd.suspend(domain)),
  resume: onDomain("resume", ({ libvirtd }, domain) => void libvirtd.resume(domain)),
  shutdown: onDomain("shutdown", ({ libvirtd }, domain) => void libvirtd.shutdown(domain), { values: ["mode"] }),
  destroy: onDomain("destroy", ({ libvirtd }, domain) => void libvirtd.destroy(domain), { flags: ["graceful"] }),
  domblkinfo: onDomain(
    undefined,
    ({ libvirtd }, domain, options) => {
      const { capacity, allocation } = libvirtd.blockInfo(domain, options.value("device"));
      return `Capacity:       ${capacity}\nAllocation:     ${allocation}\nPhysical:       ${allocation}\n`;
    },
    { values: ["device"], required: 1 },
  ),
  blockresize: onDomain(
    "resize",
    ({ libvirtd }, domain, options) => {
      const size = /^(\d+)([bBkKmMgG]?)B?$/.exec(options.value("size"));
      if (size === null) throw new Error(`Scaled numeric value '${options.value("size")}' for <size> option is malformed or out of range`);
      const unit = { b: 1, k: 1024, m: 2 ** 20, g: 2 ** 30 }[(size[2] || "k").toLowerCase()] ?? 1024;
      libvirtd.blockResize(domain, options.value("path"), Number(size[1]) * unit);
      return "Block device resized\n";
    },
    { values: ["path", "size"], required: 2 },
  ),
  "secret-list": {
    run: ({ libvirtd }) =>
      said(
        libvirtd.secrets
          .all()
          .map(({ uuid, usage }) => ` ${uuid}   volume ${usage}\n`)
          .join(""),
      ),
  },
  "secret-dumpxml": onSecret("", ({ libvirtd }, uuid) => libvirtd.secrets.find(uuid)?.document ?? ""),
  "secret-define": {
    values: ["file"],
    required: 1,
    run: (world, options) => {
      const document = secretFile(world, options.value("file"));
      const uuid = /<uuid>([^<]*)/.exec(document)?.[1] ?? "?";
      const result = world.life.effect(`virsh secret-define ${uuid}`, () => attempt(() => world.libvirtd.secrets.define(document)));
      return result instanceof Error ? failed("Failed to set attributes from /dev/stdin", result.message) : said("");
    },
  },
  "secret-undefine": onSecret("secret-undefine", ({ libvirtd }, uuid) => {
    libvirtd.secrets.undefine(uuid);
    return "";
  }),
  "secret-set-value": onSecret(
    "secret-set-value",
    (world, uuid, options) => {
      const secret = world.libvirtd.secrets.find(uuid);
      if (secret !== undefined) secret.value = secretFile(world, options.value("file"));
      return "";
    },
    { flags: ["plain"], values: ["file"], required: 1 },
  ),
};

/** What the file of a secret holds, which is standard input here. */
function secretFile({ stdin }: VirshWorld, path: string): string {
  if (path !== "/dev/stdin" || stdin === undefined) throw new Error("this machine takes secrets from standard input only");
  return stdin.toString("utf8");
}

function onSecret(
  what: string,
  work: (world: VirshWorld, uuid: string, options: Options) => string,
  more: Partial<VirshCommand> = {},
): VirshCommand {
  return {
    ...more,
    values: ["secret", ...(more.values ?? [])],
    required: 1 + (more.required ?? 0),
    run: (world, options) => {
      const uuid = options.value("secret");
      if (world.libvirtd.secrets.find(uuid) === undefined)
        return failed(`failed to get secret '${uuid}'`, `Secret not found: no secret with matching uuid '${uuid}'`);
      const change = () => attempt(() => work(world, uuid, options));
      const result = what === "" ? change() : world.life.effect(`virsh ${what} ${uuid}`, change);
      return result instanceof Error ? failed(result.message) : said(result);
    },
  };
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Runs the commands of one line. A line with a command or option that virsh does not know runs none of them. */
export function runVirshLine(world: VirshWorld, words: readonly (readonly string[])[]): Said[] {
  const ready: (() => Said)[] = [];
  for (const [name = "", ...args] of words) {
    const command = commands[name];
    if (command === undefined) return [failed(`unknown command: '${name}'`)];
    const options = readOptions(name, command, args);
    if (typeof options === "string") return [failed(options)];
    ready.push(() => {
      const connection = name !== "echo" && !world.libvirtd.up;
      return connection
        ? failed("failed to connect to the hypervisor", "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused")
        : command.run(world, options);
    });
  }
  return ready.map((run) => run());
}

function readOptions(name: string, command: VirshCommand, args: readonly string[]): Options | string {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const open = [...(command.values ?? [])];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    const option = /^--([a-z][a-z-]*)(?:=(.*))?$/.exec(word);
    if (option === null) {
      const next = name === "echo" ? "string" : open.shift();
      if (next === undefined) return `unexpected data '${word}'`;
      values.set(next, name === "echo" && values.has(next) ? `${values.get(next)} ${word}` : word);
    } else if (command.flags?.includes(option[1] ?? "") === true) flags.add(option[1] ?? "");
    else if (open.includes(option[1] ?? "")) {
      open.splice(open.indexOf(option[1] ?? ""), 1);
      values.set(option[1] ?? "", option[2] ?? args[++at] ?? "");
    } else return `command '${name}' doesn't support option --${option[1]}`;
  }
  const missing = (command.values ?? []).slice(0, command.required ?? 0).find((value) => !values.has(value));
  if (missing !== undefined) return `command '${name}' requires <${missing}> option`;
  return { flag: (flag) => flags.has(flag), value: (value) => values.get(value) ?? "" };
}
