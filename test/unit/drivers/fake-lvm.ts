import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../../src/model/errors.ts";
import type { Command, CommandResult, Host } from "../../../src/model/host.ts";
import { boundHost } from "../../support/bound-host.ts";

/** A volume group for a machine whose kernel has none: volumes are files, and other programs get those files. */
export interface FakeLvm {
  readonly group: string;
  readonly extentSize: number;
  /** The same host with LVM. */
  wrap(host: Host): Host;
  /** What one of LVM's programs does and says. Throws a CommandError like a host. */
  lvm(command: Command): CommandResult;
  /** The file that is a volume. */
  path(volume: string): string;
  volumes(): string[];
  tags(volume: string): string[];
  setTags(volume: string, tags: readonly string[]): void;
  /** Takes the kernel's device of a volume away. */
  deactivate(volume: string): void;
  /** Every command that LVM's programs and shred were given. */
  readonly commands: readonly string[];
}

interface Volume {
  readonly tags: readonly string[];
  readonly type: "linear" | "thin" | "thin-pool";
  readonly pool?: string;
  readonly active?: boolean;
}

const layouts = { linear: "linear", thin: "thin,sparse", "thin-pool": "thin,pool" } as const;

/** A group of this size whose volumes are below `directory`. What is unknown to it is refused: a typo must not pass. */
export function createFakeLvm(directory: string, group: string, size: number, extentSize: number): FakeLvm {
  const commands: string[] = [];
  mkdirSync(directory, { recursive: true });
  const path = (volume: string) => join(directory, volume);
  /** What the next volume gets: the bytes of the last one that was removed. */
  const freed = join(directory, "freed");
  const facts = (volume: string) => JSON.parse(readFileSync(`${path(volume)}.json`, "utf8")) as Volume;
  const keep = (volume: string, value: Volume) => writeFileSync(`${path(volume)}.json`, JSON.stringify(value));
  const volumes = () =>
    readdirSync(directory)
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -5));
  const isFull = (volume: string) => facts(volume).type !== "thin";
  const used = () =>
    volumes()
      .filter(isFull)
      .reduce((sum, volume) => sum + statSync(path(volume)).size, 0);

  function lvm(command: Command): CommandResult {
    const { program, args } = command;
    commands.push([program, ...args].join(" "));
    for (const [index, tag] of args.entries()) {
      if (args[index - 1] !== "--addtag" || /^[\w+.][\w+.\-/=!:&#]*$/.test(tag)) continue;
      throw failed(command, 3, `  Invalid argument for --addtag: ${tag}`);
    }
    const option = (name: string) => args[args.indexOf(name) + 1] ?? "";
    const named = args.at(-1) ?? "";
    const volume = named.replace(`${group}/`, "");
    if (program === "vgs" || program === "lvs") {
      if (named !== group) throw failed(command, 5, `  Volume group "${named}" not found\n  Cannot process volume group ${named}`);
      const row = (name: string) => ({
        lv_name: name,
        lv_size: String(statSync(path(name)).size),
        lv_tags: facts(name).tags.join(","),
        lv_layout: layouts[facts(name).type],
        pool_lv: facts(name).pool ?? "",
        lv_active: facts(name).active === false ? "" : "active",
      });
      const group_ = { vg_size: String(size), vg_free: String(size - used()), vg_extent_size: String(extentSize) };
      const report = program === "vgs" ? { vg: [group_] } : { lv: volumes().map(row) };
      return ok(JSON.stringify({ report: [report] }));
    }
    if (program === "lvcreate") {
      const name = option("-n");
      const type = args.includes("--type") ? (option("--type") as Volume["type"]) : "linear";
      const sparse = type === "thin";
      const bytes = bytesOf(option(sparse ? "--virtualsize" : "-L"), extentSize);
      if (existsSync(path(name))) throw failed(command, 5, `  Logical Volume "${name}" already exists in volume group "${group}"`);
      if (!sparse && bytes > size - used()) throw failed(command, 5, `  Volume group "${group}" has insufficient free space`);
      const pool = sparse ? { pool: option("--thinpool") } : {};
      if (pool.pool !== undefined && !existsSync(path(pool.pool))) throw failed(command, 5, `  Failed to find thin pool ${pool.pool}`);
      if (existsSync(freed)) renameSync(freed, path(name));
      else writeFileSync(path(name), "");
      // As lvcreate does, and no more: what was there before is there.
      writeFileSync(path(name), Buffer.alloc(4096), { flag: "r+" });
      truncateSync(path(name), bytes);
      keep(name, { tags: args.filter((_, index) => args[index - 1] === "--addtag"), type, ...pool });
      return ok(`  Logical volume "${name}" created.\n`);
    }
    if (!existsSync(path(volume))) throw failed(command, 5, `  Failed to find logical volume "${named}"`);
    const { tags, ...others } = facts(volume);
    if (program === "lvchange" && args[0] === "-ay") {
      keep(volume, { ...others, tags, active: true });
    } else if (program === "lvchange" && args[0] === "--refresh") {
      return ok("");
    } else if (program === "lvchange") {
      const [verb, tag = ""] = args;
      keep(volume, { ...others, tags: verb === "--addtag" ? [...tags, tag] : tags.filter((other) => other !== tag) });
    } else if (program === "lvextend") {
      const bytes = bytesOf(option("-L"), extentSize);
      if (bytes <= statSync(path(volume)).size) throw failed(command, 5, "  New size given is not larger than the existing size");
      truncateSync(path(volume), bytes);
    } else if (program === "lvremove") {
      for (const other of volumes()) if (facts(other).pool === volume) lvm({ ...command, args: ["-f", `${group}/${other}`] });
      renameSync(path(volume), freed);
      rmSync(`${path(volume)}.json`);
    } else {
      throw failed(command, 3, "  unknown command");
    }
    return ok("");
  }

  async function run(host: Host, command: Command): Promise<CommandResult> {
    const device = new RegExp(`^/dev/${group}/`);
    if (/^(vgs|lv\w+)$/.test(command.program)) return lvm(command);
    if (command.program === "shred") {
      commands.push([command.program, ...command.args].join(" "));
      const volume = (command.args.at(-1) ?? "").replace(device, "");
      if (facts(volume).active === false) throw failed(command, 1, "failed to open for writing: No such file or directory");
    }
    return host.run({ ...command, args: command.args.map((arg) => (device.test(arg) ? path(arg.replace(device, "")) : arg)) });
  }

  return {
    group,
    extentSize,
    commands,
    lvm,
    path,
    volumes,
    tags: (volume) => [...facts(volume).tags],
    setTags: (volume, tags) => keep(volume, { ...facts(volume), tags }),
    deactivate: (volume) => keep(volume, { ...facts(volume), active: false }),
    wrap: (host) => ({ ...boundHost(host), run: (command) => run(host, command) }),
  };
}

function bytesOf(text: string, extentSize: number): number {
  return Math.ceil(Number(text.replace(/b$/, "")) / extentSize) * extentSize;
}

function ok(stdout: string): CommandResult {
  return { exitCode: 0, stdout, stderr: "" };
}

function failed({ program, args }: Command, exitCode: number, stderr: string): CommandError {
  const commandLine = [program, ...args].join(" ");
  return new CommandError({ commandLine, exitCode, stderr, reason: "exit", detail: "", summary: `${commandLine}: ${stderr.trim()}` });
}
