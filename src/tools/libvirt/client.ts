import { find, findAll, parseXml, textAt, type XmlElement } from "../xml.ts";
import { backupProgress, jobStates } from "./backup-progress.ts";
import type { Caller } from "./caller.ts";
import { at, createDomainLooks } from "./domain-looks.ts";
import { createDomainEvents } from "./events.ts";
import { documentOf, explained, explaining, unlessMissing } from "./explaining.ts";
import type { FilterRecord, Libvirt } from "./face.ts";
import { guestCapabilities } from "./guest-capabilities.ts";
import { hintFor, isAboutNetworks, type Networks } from "./hints.ts";
import { errorCodes as is, isRefusal, LibvirtError } from "./libvirt-error.ts";
import { nameIn } from "./name-in.ts";
import { createNetworks } from "./networks.ts";
import { guestOwner, nodeFacts } from "./node-facts.ts";
import { maxListed, procedures } from "./rpc/procedures.ts";
import { sharedWhileAsked } from "./shared-while-asked.ts";
import { unfinishedMark } from "./unfinished-mark.ts";

const flags = {
  inactive: 2,
  startPaused: 1,
  blockResizeBytes: 1,
  /** Managed save, metadata of snapshots, NVRAM (Nova DEL-03), metadata of checkpoints. */
  undefineAll: 1 | 2 | 4 | 16,
  /** Of a change: to the running guest only. */
  live: 1,
  /** Of a change: to the stored definition. */
  config: 2,
  metadataElement: 2,
  /** Of a shutdown: the init of a container gets a signal. */
  bySignal: 8,
  jobCompleted: 1,
} as const;
/** libvirt's numbers of the types of values. */
const valueTypes = { long: 3, unsignedLong: 4 } as const;
const volumeUsage = 1;
/** Kinds of block jobs by libvirt's numbers of them. */
const jobTypes = ["unknown", "pull", "copy", "commit", "active-commit", "backup"] as const;
/** How long an agent may take to answer. */
const agentSeconds = 5;
/** Where libvirt takes addresses of a domain from. */
const addressSources = { leases: 0, agent: 1 } as const;
/** libvirt's numbers of states. */
const shutOff = 5;
const crashed = 6;

/** The face of libvirt over its own protocol. */
export function createLibvirt(caller: Caller): Libvirt & { close(): Promise<void> } {
  const { call } = caller;
  const events = createDomainEvents(caller.open);

  const { xmlOf, stateOf, ...looks } = createDomainLooks(caller);

  /** A change. A refusal is ignored if the domain already has the wanted state. */
  async function change(what: string, uuid: string, work: () => Promise<unknown>, done?: (state: number) => boolean): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (done !== undefined && isRefusal(error, is.operationInvalid) && done((await stateOf(at(uuid))).state)) return;
      throw explained(what, error);
    }
  }

  async function addressesFrom(source: number, uuid: string): Promise<Map<string, string[]>> {
    try {
      const { interfaces } = await call(procedures.interfaceAddresses, { domain: at(uuid), source, flags: 0 }, uuid);
      return new Map(interfaces.map(({ mac, addresses }) => [(mac ?? "").toLowerCase(), addresses.map(({ address }) => address)]));
    } catch (error) {
      // It is off, or gone, or its driver does not know: an address is an extra.
      if (error instanceof LibvirtError) return new Map();
      throw explained(`Looking for addresses of domain ${uuid} failed`, error);
    }
  }

  const networks = createNetworks(call);

  /** Which of a domain's networks it cannot be started with. */
  async function networksOf(uuid: string): Promise<Networks> {
    const [xml, all] = await Promise.all([xmlOf(at(uuid), flags.inactive), networks.networks()]);
    const wanted = findAll(find(parseXml(xml, `The definition of domain ${uuid}`), "devices"), "interface").flatMap(
      (nic) => find(nic, "source")?.attributes["network"] ?? [],
    );
    return { inactive: wanted.filter((name) => all.get(name) === false), missing: wanted.filter((name) => !all.has(name)) };
  }

  function filterXml(filter: { readonly name: string; readonly uuid: string }): Promise<{ readonly xml: string } | undefined> {
    const ask = () => call(procedures.filterXml, { filter, flags: 0 }, filter.name);
    const read = async () => ({ xml: await documentOf(ask, is.noFilter) });
    return unlessMissing(`Reading network filter ${filter.name} failed`, read, is.noFilter);
  }

  async function filterNamed(name: string): Promise<FilterRecord | undefined> {
    const find = () => call(procedures.findFilter, { name }, name);
    const found = await unlessMissing(`Looking for network filter ${name} failed`, find, is.noFilter);
    const answer = found === undefined ? undefined : await filterXml(found.filter);
    return found === undefined || answer === undefined ? undefined : { ...found.filter, xml: answer.xml };
  }

  async function filtersOf(prefix: string): ReturnType<Libvirt["filters"]> {
    const listNames = () => call(procedures.filterNames, { most: maxListed });
    const all = await unlessMissing("Listing the network filters failed", listNames, is.noSupport);
    if (all === undefined) return undefined;
    // One that was removed meanwhile is left out.
    const ours = await Promise.all(all.names.filter((name) => name.startsWith(prefix)).map(filterNamed));
    return { names: all.names, own: ours.flatMap((one) => one ?? []) };
  }

  let capabilities: Promise<XmlElement> | undefined;
  const capabilitiesNow = () => call(procedures.capabilities, undefined).then(({ xml }) => parseXml(xml, "The description of the host"));

  return {
    node: () =>
      explaining("Looking at the host failed", async () => {
        capabilities = capabilitiesNow();
        const [known, { memoryKiB, cpus }, { hostname }, { version }] = await Promise.all([
          capabilities,
          call(procedures.nodeInfo, undefined),
          call(procedures.hostname, undefined),
          call(procedures.libVersion, undefined),
        ]);
        return nodeFacts({ capabilities: known, memoryKiB, cpus, hostname, version });
      }),

    guestOwner: async () => {
      capabilities ??= capabilitiesNow();
      const asked = capabilities;
      try {
        return guestOwner(await asked);
      } catch {
        // The caller works without the owner. Other calls report why libvirt does not answer, and the next one asks again.
        if (capabilities === asked) capabilities = undefined;
        return null;
      }
    },

    guestCapabilities: async ({ arch, machine, virtType }) => {
      const answer = await unlessMissing(
        `Looking at what guests of machine type ${machine} can have failed`,
        () => call(procedures.domainCapabilities, { emulator: null, arch, machine, virtType, flags: 0 }),
        is.invalidArgument,
        is.noSupport,
      );
      return answer === undefined ? undefined : guestCapabilities(answer.xml);
    },

    ...looks,

    define: (xml) =>
      explaining(`Defining domain ${nameIn(xml)} failed`, () => call(procedures.defineXml, { xml, flags: 0 }, nameIn(xml)).then(nothing)),
    rename: (uuid, name) =>
      change(`Renaming domain ${uuid} to ${name} failed`, uuid, () => call(procedures.rename, { domain: at(uuid), name, flags: 0 }, uuid)),
    undefine: async (uuid) => {
      await unlessMissing(`Undefining domain ${uuid} failed`, async () => {
        const { persistent } = await call(procedures.isPersistent, { domain: at(uuid) }, uuid);
        if (persistent !== 1) return;
        try {
          await call(procedures.undefine, { domain: at(uuid), flags: flags.undefineAll }, uuid);
        } catch (error) {
          // A driver that keeps nothing beside definitions, as that of containers, takes no flags.
          if (!isRefusal(error, is.invalidArgument)) throw error;
          await call(procedures.undefine, { domain: at(uuid), flags: 0 }, uuid);
        }
      });
    },
    start: async (uuid, { paused = false } = {}) => {
      const what = `Starting domain ${uuid} failed`;
      const running = (state: number) => state !== shutOff && state !== crashed;
      try {
        await change(what, uuid, () => call(procedures.create, { domain: at(uuid), flags: paused ? flags.startPaused : 0 }, uuid), running);
      } catch (error) {
        if (!(error instanceof LibvirtError) || !isAboutNetworks(error)) throw error;
        const remedy = hintFor(error, await networksOf(uuid).catch(() => ({ inactive: [], missing: [] })));
        throw new LibvirtError(error, { what, remedy, cause: error.cause });
      }
    },
    resume: (uuid) =>
      change(
        `Resuming domain ${uuid} failed`,
        uuid,
        () => call(procedures.resume, { domain: at(uuid) }, uuid),
        (state) => state === 1,
      ),
    shutdown: (uuid, how = "request") =>
      change(
        `Shutting domain ${uuid} down failed`,
        uuid,
        () =>
          how === "request"
            ? call(procedures.shutdown, { domain: at(uuid) }, uuid)
            : call(procedures.shutdownBy, { domain: at(uuid), flags: flags.bySignal }, uuid),
        (state) => state === shutOff,
      ),
    destroy: async (uuid) => {
      await unlessMissing(`Powering domain ${uuid} off failed`, async () => {
        try {
          await call(procedures.destroy, { domain: at(uuid) }, uuid);
        } catch (error) {
          if (!isRefusal(error, is.operationInvalid) || (await stateOf(at(uuid))).state !== shutOff) throw error;
        }
      });
    },
    setAutostart: (uuid, autostart) =>
      change(`Setting autostart of domain ${uuid} failed`, uuid, () =>
        call(procedures.setAutostart, { domain: at(uuid), autostart: autostart ? 1 : 0 }, uuid),
      ),
    discardMemory: (uuid) =>
      change(`Discarding the saved memory of domain ${uuid} failed`, uuid, async () => {
        const { saved } = await call(procedures.hasManagedSave, { domain: at(uuid), flags: 0 }, uuid);
        if (saved === 1) await call(procedures.removeManagedSave, { domain: at(uuid), flags: 0 }, uuid);
      }),
    watch: (uuid) => events.watch(uuid),

    blockJob: (uuid, target) =>
      explaining(`Looking for a block job of disk ${target} of domain ${uuid} failed`, async () => {
        try {
          const { found, type } = await call(procedures.blockJobInfo, { domain: at(uuid), path: target, flags: 0 }, uuid);
          return found === 0 ? undefined : (jobTypes[type] ?? "unknown");
        } catch (error) {
          // It ended meanwhile, or is of a kind of guest without block jobs.
          if (isRefusal(error, is.noDomain, is.operationInvalid, is.noSupport, is.invalidArgument)) return undefined;
          throw error;
        }
      }),
    beginBackup: (uuid, xml) =>
      change(`Beginning a backup of domain ${uuid} failed`, uuid, () =>
        call(procedures.beginBackup, { domain: at(uuid), xml, checkpoint: null, flags: 0 }, uuid),
      ),
    backup: async (uuid) => {
      const read = () => call(procedures.backupXml, { domain: at(uuid), flags: 0 }, uuid);
      const answer = await unlessMissing(
        `Looking for a backup of domain ${uuid} failed`,
        read,
        is.noBackup,
        is.operationInvalid,
        is.noSupport,
      );
      return answer?.xml;
    },
    backupProgress: (uuid) =>
      explaining(`Looking at the backup of domain ${uuid} failed`, async () => {
        try {
          const running = await call(procedures.jobStats, { domain: at(uuid), flags: 0 }, uuid);
          if (running.type !== jobStates.none) return backupProgress(running);
          return backupProgress(await call(procedures.jobStats, { domain: at(uuid), flags: flags.jobCompleted }, uuid));
        } catch (error) {
          if (isRefusal(error, is.noDomain, is.operationInvalid)) return { state: "failed", done: 0, total: 0 };
          throw error;
        }
      }),
    abortBackup: async (uuid) => {
      const abort = () => call(procedures.abortJob, { domain: at(uuid) }, uuid);
      await unlessMissing(`Ending the backup of domain ${uuid} failed`, abort, is.operationInvalid);
    },
    freeze: (uuid) =>
      explaining(`Freezing the file systems of domain ${uuid} failed`, async () => {
        const { count } = await call(procedures.freeze, { domain: at(uuid), mountPoints: [], flags: 0 }, uuid);
        return count;
      }),
    thaw: async (uuid) => {
      const thaw = () => call(procedures.thaw, { domain: at(uuid), mountPoints: [], flags: 0 }, uuid);
      await unlessMissing(`Thawing the file systems of domain ${uuid} failed`, thaw, is.operationInvalid);
    },
    blockSize: (uuid, target) =>
      explaining(`Looking at disk ${target} of domain ${uuid} failed`, async () => {
        const { capacity } = await call(procedures.blockInfo, { domain: at(uuid), path: target, flags: 0 }, uuid);
        return capacity;
      }),
    blockResize: (uuid, disk, bytes) =>
      change(`Growing disk ${disk} of domain ${uuid} failed`, uuid, () =>
        call(procedures.blockResize, { domain: at(uuid), disk, size: bytes, flags: flags.blockResizeBytes }, uuid),
      ),

    setRunningMemory: (uuid, bytes) =>
      change(`Setting the memory of domain ${uuid} failed`, uuid, () =>
        call(procedures.setMemory, { domain: at(uuid), memoryKiB: Math.ceil(bytes / 1024), flags: flags.live }, uuid),
      ),
    setRunningVcpus: (uuid, count) =>
      change(`Setting the vCPUs of domain ${uuid} failed`, uuid, () =>
        call(procedures.setVcpus, { domain: at(uuid), count, flags: flags.live }, uuid),
      ),
    attachDevice: (uuid, xml) =>
      change(`Attaching a device to domain ${uuid} failed`, uuid, () =>
        call(procedures.attachDevice, { domain: at(uuid), xml, flags: flags.live }, uuid),
      ),
    updateDevice: (uuid, xml) =>
      change(`Changing a device of domain ${uuid} failed`, uuid, () =>
        call(procedures.updateDevice, { domain: at(uuid), xml, flags: flags.live }, uuid),
      ),
    detachDevice: (uuid, xml) =>
      change(`Detaching a device of domain ${uuid} failed`, uuid, () =>
        call(procedures.detachDevice, { domain: at(uuid), xml, flags: flags.live }, uuid),
      ),
    setDiskLimits: (uuid, disk, limits) => {
      const values = Object.entries(limits).map(([field, value]) => ({ field, value: { type: valueTypes.unsignedLong, value } }));
      return change(`Limiting disk ${disk} of domain ${uuid} failed`, uuid, () =>
        call(procedures.setBlockIoTune, { domain: at(uuid), disk, values, flags: flags.live }, uuid),
      );
    },
    setScheduler: (uuid, given) => {
      const values = Object.entries(given).map(([field, { value, signed }]) => ({
        field,
        value: { type: signed ? valueTypes.long : valueTypes.unsignedLong, value },
      }));
      return change(`Setting the processor share of domain ${uuid} failed`, uuid, () =>
        call(procedures.setScheduler, { domain: at(uuid), values, flags: flags.live }, uuid),
      );
    },
    setMetadata: (uuid, { prefix, namespace, xml }, of) => {
      const affected = (of === "stored" ? 0 : flags.live) | (of === "running" ? 0 : flags.config);
      const args = { domain: at(uuid), type: flags.metadataElement, metadata: xml, key: prefix, uri: namespace, flags: affected };
      return change(`Labelling domain ${uuid} failed`, uuid, () => call(procedures.setMetadata, args, uuid));
    },

    leases: (uuid) => addressesFrom(addressSources.leases, uuid),
    agentAddresses: (uuid) => addressesFrom(addressSources.agent, uuid),
    askAgent: async (uuid, command) => {
      try {
        const { answer } = await call(procedures.agentCommand, { domain: at(uuid), command, seconds: agentSeconds, flags: 0 }, uuid);
        return answer ?? undefined;
      } catch (error) {
        if (error instanceof LibvirtError) return undefined;
        throw error;
      }
    },

    hasSecret: async (uuid) =>
      (await unlessMissing(`Looking for secret ${uuid} failed`, () => call(procedures.findSecret, { uuid }, uuid), is.noSupport)) !==
      undefined,
    ...networks,

    secrets: async (prefix) => {
      const listAll = () => call(procedures.listSecrets, { needResults: 1, flags: 0 });
      const all = await unlessMissing("Listing the secrets failed", listAll, is.noSupport);
      const ours = (all?.secrets ?? []).filter(({ usageType, usageId }) => usageType === volumeUsage && usageId.startsWith(prefix));
      const found = await Promise.all(
        ours.map(async (secret) => {
          const answer = await unlessMissing(`Reading secret ${secret.uuid} failed`, () =>
            call(procedures.secretXml, { secret, flags: 0 }, secret.uuid),
          );
          // It was removed meanwhile.
          if (answer === undefined) return [];
          const description = textAt(parseXml(answer.xml, `The description of secret ${secret.uuid}`), "description") ?? "";
          return [{ uuid: secret.uuid, usage: secret.usageId, ready: !description.startsWith(unfinishedMark) }];
        }),
      );
      return found.flat();
    },
    defineSecret: (uuid, xml) =>
      explaining(`Defining secret ${uuid} failed`, () => call(procedures.defineSecret, { xml, flags: 0 }, uuid).then(nothing)),
    setSecretValue: (uuid, value) =>
      explaining(`Setting the value of secret ${uuid} failed`, async () => {
        const { secret } = await call(procedures.findSecret, { uuid }, uuid);
        await call(procedures.setSecretValue, { secret, value: Buffer.from(value, "utf8"), flags: 0 }, uuid);
      }),
    undefineSecret: async (uuid) => {
      await unlessMissing(`Removing secret ${uuid} failed`, async () => {
        const { secret } = await call(procedures.findSecret, { uuid }, uuid);
        await call(procedures.undefineSecret, { secret }, uuid);
      });
    },

    filters: sharedWhileAsked(filtersOf),
    filter: filterNamed,
    defineFilter: (name, xml) =>
      explaining(`Defining network filter ${name} failed`, () => call(procedures.defineFilter, { xml }, name).then(nothing)),
    undefineFilter: async (name) => {
      try {
        const { filter } = await call(procedures.findFilter, { name }, name);
        await call(procedures.undefineFilter, { filter }, name);
        return true;
      } catch (error) {
        if (isRefusal(error, is.noFilter)) return true;
        if (isRefusal(error, is.operationInvalid)) return false;
        throw explained(`Removing network filter ${name} failed`, error);
      }
    },
    filterBindings: async () => {
      const listAll = () => call(procedures.listFilterBindings, { needResults: 1, flags: 0 });
      return (await unlessMissing("Listing the bindings of network filters failed", listAll, is.noSupport))?.bindings ?? [];
    },
    bindFilter: async (port, xml) => {
      // libvirt finds a binding by its port alone.
      const binding = { port, filter: "" };
      await unlessMissing(
        `Removing the network filter of ${port} failed`,
        () => call(procedures.deleteFilterBinding, { binding }, port),
        is.noFilterBinding,
      );
      await explaining(`Putting a network filter on ${port} failed`, () => call(procedures.createFilterBinding, { xml, flags: 0 }, port));
    },

    warm: (changes) => caller.warm(changes),
    get readOnly() {
      return caller.readOnly;
    },
    close: async () => {
      await events.close();
      await caller.close();
    },
  };
}

const nothing = (): void => undefined;
