import { setTimeout as sleep } from "node:timers/promises";
import { parseXml, textAt } from "../xml.ts";
import { domainPower, stateReason } from "./domain-state.ts";
import type { DomainRecord, Libvirt } from "./face.ts";
import { unfinishedMark } from "./secret.ts";
import { meansNoDomain, virshError } from "./virsh-errors.ts";
import { virshLine } from "./virsh-line.ts";
import { identityOf, parseBlockSize, parseNode, parseSecrets, parseStates, parseUuids, splitDocuments } from "./virsh-output.ts";
import type { VirshPool } from "./virsh-pool.ts";
import type { Reply } from "./virsh-replies.ts";

const noSecret = /no secret with matching uuid|Secret not found/i;
/** Also of a domain that went meanwhile, and of a driver that saves none. */
const nothingSaved = /does not have managed save image|failed to get domain|not supported by the connection driver/i;
/** A look at libvirt; the first one after an upgrade makes it ask every emulator what it can do. */
const lookMs = 120_000;
/** A change; a start waits for qemu, its networks and its disks. */
const changeMs = 180_000;
/** Nova BLD-17. */
const pollMs = 500;
/** Documents asked for in one exchange. */
const together = 50;
/** From so many domains on, a process for reading them is worth its start. */
const many = 200;

/** The face of libvirt over a pool of virsh conversations. */
export function createLibvirt(pool: VirshPool, uri: string): Libvirt {
  /** The output of one command. Throws libvirt's words unless `fine` accepts them. */
  async function run(what: string, words: readonly string[], pace: "quick" | "slow", fine: RegExp = /(?!)/): Promise<string> {
    const { output, errors } = await pool.exchange([virshLine(words)], pace === "quick" ? lookMs : changeMs, pace);
    if (errors !== "" && !fine.test(errors)) throw virshError(what, errors, uri);
    return output;
  }

  /**
   * Whether a domain has this uuid. Most commands take a name where they find no uuid, and a stranger's name may look like
   * one; `domname` alone does not.
   */
  async function exists(uuid: string): Promise<boolean> {
    const { errors } = await pool.exchange([virshLine(["domname", uuid])], lookMs, "quick");
    if (errors !== "" && !meansNoDomain(errors)) throw virshError(`Looking for domain ${uuid} failed`, errors, uri);
    return errors === "";
  }

  async function change(what: string, uuid: string, words: readonly string[], fine: RegExp = /(?!)/): Promise<void> {
    if (!(await exists(uuid))) throw new Error(`${what}: there is no domain with this uuid`);
    await run(what, words, "slow", fine);
  }

  /** Documents of those that are still there, by uuid. */
  async function dump(uuids: readonly string[], line = dumpLine): Promise<Map<string, string>> {
    const reply = await pool.exchange(uuids.map(line), lookMs, "quick");
    const documents = documentsOf(reply, uuids);
    if (documents !== undefined) return documents;
    if (uuids.length > 1) return new Map((await Promise.all(uuids.map((uuid) => dump([uuid], line)))).flatMap((one) => [...one]));
    const { output, errors } = reply;
    if (errors !== "" && !meansNoDomain(errors)) throw virshError(`Reading domain ${uuids[0]} failed`, errors, uri);
    const identity = identityOf(output);
    return new Map(identity !== undefined && identity.uuid === uuids[0] ? [[identity.uuid, output.trimEnd()]] : []);
  }

  /** Domains whose memory is saved. Their state says so only until libvirtd is started anew. */
  async function saved(): Promise<Set<string>> {
    return new Set(parseUuids(await run("Listing the domains failed", ["list", "--all", "--uuid", "--with-managed-save"], "quick")));
  }

  async function autostarted(): Promise<Set<string>> {
    return new Set(parseUuids(await run("Listing the domains failed", ["list", "--all", "--uuid", "--autostart"], "quick")));
  }

  /** The record of a domain whose process exists has its active definition. */
  async function withActive(record: Omit<DomainRecord, "active">): Promise<DomainRecord> {
    const off = record.power === "stopped" || record.power === "saved";
    return { ...record, active: off ? null : ((await dump([record.uuid], liveLine)).get(record.uuid) ?? null) };
  }

  return {
    node: async () => {
      const [capabilities, nodeinfo, hostname, version] = await Promise.all(
        ["capabilities", "nodeinfo", "hostname", "version"].map((command) => run(`virsh ${command} failed`, [command], "quick")),
      );
      return parseNode({ capabilities: capabilities ?? "", nodeinfo: nodeinfo ?? "", hostname: hostname ?? "", version: version ?? "" });
    },

    domains: async (read) => {
      const list = "Listing the domains failed";
      // A whole look is one conversation's business: asked for in one go, libvirt answers each in about a millisecond.
      const all = parseUuids(await run(list, ["list", "--all", "--uuid"], "quick"));
      const groups: string[][] = [];
      for (let start = 0; start < all.length; start += together) groups.push(all.slice(start, start + together));
      const looks = Promise.all([
        pool.exchange([virshLine(["domstats", "--state", "--raw"])], lookMs, "quick").then((stats) => {
          if (stats.errors !== "") throw virshError("Asking for the domains' states failed", stats.errors, uri);
          return parseStates(stats.output);
        }),
        run(list, ["list", "--all", "--uuid", "--transient"], "quick").then((transient) => new Set(parseUuids(transient))),
        saved(),
        autostarted(),
      ]);
      const batch =
        all.length < many
          ? []
          : pool.batch(
              groups.map((group) => group.map(dumpLine)),
              lookMs,
            );
      // Each group is read as it comes, while virsh is busy with the next.
      const readGroup = async (group: readonly string[], index: number) => {
        const documents = documentsOf(await batch[index], group) ?? (await dump(group));
        const [states, passing, sleeping, automatic] = await looks;
        const records = [...documents].flatMap(([uuid, xml]) => {
          const name = identityOf(xml)?.name ?? "";
          const found = states.get(name);
          // No state: it came or went while we looked.
          if (found === undefined) return [];
          const state = domainPower(found.state);
          const power = state === "stopped" && sleeping.has(uuid) ? "saved" : state;
          const reason = stateReason(found.state, found.reason);
          return [{ uuid, name, power, reason, persistent: !passing.has(uuid), autostart: automatic.has(uuid), xml }];
        });
        return (await Promise.all(records.map(withActive))).map(read);
      };
      const [, ...found] = await Promise.all([looks, ...groups.map(readGroup)]);
      return found.flat();
    },

    domain: async (uuid) => {
      const [dumps, stats, transient, automatic] = await Promise.all([
        dump([uuid]),
        pool.exchange([virshLine(["domstats", "--state", "--raw", uuid])], lookMs, "quick"),
        run("Listing the domains failed", ["list", "--all", "--uuid", "--transient"], "quick"),
        autostarted(),
      ]);
      const xml = dumps.get(uuid);
      if (xml === undefined) return undefined;
      const name = identityOf(xml)?.name ?? "";
      const found = parseStates(stats.output).get(name);
      if (found === undefined && stats.errors !== "" && !meansNoDomain(stats.errors)) {
        throw virshError(`Asking for the state of domain ${name} failed`, stats.errors, uri);
      }
      if (found === undefined) return undefined;
      const state = domainPower(found.state);
      const power = state === "stopped" && (await saved()).has(uuid) ? "saved" : state;
      const reason = stateReason(found.state, found.reason);
      return withActive({
        uuid,
        name,
        power,
        reason,
        persistent: !parseUuids(transient).includes(uuid),
        autostart: automatic.has(uuid),
        xml,
      });
    },

    definition: async (uuid) => (await dump([uuid])).get(uuid),
    inUse: async (uuid) => {
      const xml = (await dump([uuid], liveLine)).get(uuid);
      if (xml === undefined) return undefined;
      // Only what runs has a number.
      if (/^<domain [^>]*\bid=/.test(xml)) return { xml, saved: false };
      const memory = await run(`Looking for saved memory of domain ${uuid} failed`, ["managedsave-dumpxml", uuid], "quick", nothingSaved);
      return identityOf(memory)?.uuid === uuid ? { xml: memory, saved: true } : undefined;
    },
    define: async (path) => {
      await run(`Defining the domain of ${path} failed`, ["define", path], "slow");
    },
    rename: (uuid, name) => change(`Renaming domain ${uuid} to ${name} failed`, uuid, ["domrename", uuid, name]),
    undefine: async (uuid) => {
      if (!(await exists(uuid))) return;
      const gone = /failed to get domain|Domain not found|no domain with matching|cannot undefine transient domain/i;
      await run(`Undefining domain ${uuid} failed`, ["undefine", uuid, "--managed-save", "--snapshots-metadata", "--nvram"], "slow", gone);
    },
    start: (uuid) => change(`Starting domain ${uuid} failed`, uuid, ["start", uuid], /already (?:active|running)/i),
    resume: (uuid) => change(`Resuming domain ${uuid} failed`, uuid, ["resume", uuid], /already running/i),
    shutdown: (uuid) => change(`Shutting domain ${uuid} down failed`, uuid, ["shutdown", uuid], /domain is not running/i),
    destroy: async (uuid) => {
      if (!(await exists(uuid))) return;
      await run(
        `Powering domain ${uuid} off failed`,
        ["destroy", uuid],
        "slow",
        /domain is not running|failed to get domain|no domain with matching/i,
      );
    },
    setAutostart: (uuid, autostart) =>
      change(`Setting autostart of domain ${uuid} failed`, uuid, ["autostart", uuid, ...(autostart ? [] : ["--disable"])]),
    watch: () => ({
      next: async (withinMs, signal) => {
        await sleep(Math.min(pollMs, withinMs), undefined, { signal });
        return withinMs > pollMs;
      },
      [Symbol.dispose]: () => undefined,
    }),
    discardMemory: (uuid) => change(`Discarding the saved memory of domain ${uuid} failed`, uuid, ["managedsave-remove", uuid]),
    hasSecret: async (uuid) => {
      const output = await run(`Looking for secret ${uuid} failed`, ["secret-dumpxml", uuid], "quick", noSecret);
      return output.includes(uuid);
    },
    liveDefinition: async (uuid) => {
      const { output, errors } = await pool.exchange([virshLine(["dumpxml", uuid])], lookMs, "quick");
      if (errors !== "" && !meansNoDomain(errors)) throw virshError(`Reading domain ${uuid} failed`, errors, uri);
      // Of a domain that is off this is its definition, which has no number.
      return identityOf(output)?.uuid === uuid && /^\s*<domain[^>]*\sid=/.test(output) ? output : undefined;
    },
    blockSize: async (uuid, target) => {
      const what = `Looking at disk ${target} of domain ${uuid} failed`;
      return parseBlockSize(await run(what, ["domblkinfo", uuid, target], "quick"));
    },
    blockResize: (uuid, disk, bytes) =>
      change(`Growing disk ${disk} of domain ${uuid} failed`, uuid, ["blockresize", uuid, disk, "--size", `${bytes}B`]),

    secrets: async (prefix) => {
      const fine = /not supported by the connection driver/i;
      const listed = parseSecrets(await run("Listing the secrets failed", ["secret-list"], "quick", fine));
      const found = await Promise.all(
        listed
          .filter(({ usage }) => usage.startsWith(prefix))
          .map(async ({ uuid, usage }) => {
            const document = await run(`Reading secret ${uuid} failed`, ["secret-dumpxml", uuid], "quick", noSecret);
            // It went while we looked.
            if (document.trim() === "") return [];
            const description = textAt(parseXml(document), "description") ?? "";
            return [{ uuid, usage, ready: !description.startsWith(unfinishedMark) }];
          }),
      );
      return found.flat();
    },
    undefineSecret: async (uuid) => {
      await run(`Removing secret ${uuid} failed`, ["secret-undefine", uuid], "slow", noSecret);
    },
  };
}

function liveLine(uuid: string): string {
  return virshLine(["dumpxml", uuid]);
}

function dumpLine(uuid: string): string {
  return virshLine(["dumpxml", "--inactive", uuid]);
}

/** The documents in a reply by uuid; undefined unless each that was asked for is there. */
function documentsOf(reply: Reply | undefined, uuids: readonly string[]): Map<string, string> | undefined {
  const documents = reply === undefined || reply.errors !== "" ? undefined : splitDocuments(reply.output, uuids);
  return documents === undefined ? undefined : new Map(uuids.map((uuid, index) => [uuid, documents[index] ?? ""]));
}
