import { find, findAll, parseXml, textAt } from "../xml.ts";
import type { Caller } from "./caller.ts";
import { domainPower, stateReason } from "./domain-state.ts";
import { createDomainEvents } from "./events.ts";
import type { DomainRecord, Libvirt } from "./face.ts";
import { hintFor, isAboutNetworks, type Networks } from "./hints.ts";
import { errorCodes as is, isRefusal, LibvirtError } from "./libvirt-error.ts";
import { nodeFacts } from "./node-facts.ts";
import { procedures } from "./rpc/procedures.ts";
import type { WireDomain } from "./rpc/types.ts";
import { unfinishedMark } from "./unfinished-mark.ts";

const flags = {
  inactive: 2,
  blockResizeBytes: 1,
  /** Managed save, metadata of snapshots, NVRAM (Nova DEL-03), metadata of checkpoints. */
  undefineAll: 1 | 2 | 4 | 16,
  list: { transient: 1 << 3, managedSave: 1 << 8, autostart: 1 << 10, snapshots: 1 << 12, checkpoints: 1 << 14 },
  statsState: 1,
  activeNetworks: 2,
  /** Of a change: to the running guest only. */
  live: 1,
  metadataElement: 2,
} as const;
/** libvirt's numbers of the types of values. */
const valueTypes = { long: 3, unsignedLong: 4 } as const;
const volumeUsage = 1;
/** libvirt's numbers of states. */
const shutOff = 5;
const crashed = 6;

/** The face of libvirt over its own protocol. */
export function createLibvirt(caller: Caller): Libvirt & { close(): Promise<void> } {
  const { call } = caller;
  const events = createDomainEvents(caller.open);

  /** libvirt finds a domain by its uuid; the name appears in its messages only. */
  const at = (uuid: string): WireDomain => ({ name: uuid, uuid, id: -1 });

  const xmlOf = async (domain: WireDomain, xmlFlags: number) =>
    (await call(procedures.domainXml, { domain, flags: xmlFlags }, domain.name)).xml;
  const stateOf = (domain: WireDomain) => call(procedures.domainState, { domain, flags: 0 }, domain.name);

  /** The active definition; null if the domain is off. */
  async function activeXml(domain: WireDomain): Promise<string | null> {
    const xml = await xmlOf(domain, 0);
    return isActive(xml) ? xml : null;
  }

  async function listed(what: keyof typeof flags.list): Promise<Set<string>> {
    const { domains } = await call(procedures.listDomains, { needResults: 1, flags: flags.list[what] });
    return new Set(domains.map(({ uuid }) => uuid));
  }

  /** A change. A refusal is ignored if the domain already has the wanted state. */
  async function change(what: string, uuid: string, work: () => Promise<unknown>, done?: (state: number) => boolean): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (done !== undefined && isRefusal(error, is.operationInvalid) && done((await stateOf(at(uuid))).state)) return;
      throw explained(what, error);
    }
  }

  /** All networks by name, and whether each is active. */
  async function allNetworks(): Promise<Map<string, boolean>> {
    const names = async (networkFlags: number) => {
      const { networks } = await call(procedures.listNetworks, { needResults: 1, flags: networkFlags });
      return new Set(networks.map(({ name }) => name));
    };
    const [all, active] = await Promise.all([names(0), names(flags.activeNetworks)]);
    return new Map([...all].map((name) => [name, active.has(name)]));
  }

  /** Which of a domain's networks it cannot be started with. */
  async function networksOf(uuid: string): Promise<Networks> {
    const [xml, all] = await Promise.all([xmlOf(at(uuid), flags.inactive), allNetworks()]);
    const wanted = findAll(find(parseXml(xml), "devices"), "interface").flatMap((nic) => find(nic, "source")?.attributes["network"] ?? []);
    return { inactive: wanted.filter((name) => all.get(name) === false), missing: wanted.filter((name) => !all.has(name)) };
  }

  return {
    node: () =>
      explaining("Looking at the host failed", async () => {
        const [{ xml }, { memoryKiB, cpus }, { hostname }, { version }] = await Promise.all([
          call(procedures.capabilities, undefined),
          call(procedures.nodeInfo, undefined),
          call(procedures.hostname, undefined),
          call(procedures.libVersion, undefined),
        ]);
        return nodeFacts({ capabilities: xml, memoryKiB, cpus, hostname, version });
      }),

    domains: (read, failed) =>
      explaining("Listing the domains failed", async () => {
        const [{ domains }, states, transient, saved, autostart] = await Promise.all([
          call(procedures.listDomains, { needResults: 1, flags: 0 }),
          call(procedures.domainStats, { domains: [], groups: flags.statsState, flags: 0 }).then(({ stats }) => statesOf(stats)),
          listed("transient"),
          listed("managedSave"),
          listed("autostart"),
        ]);
        const found = await Promise.all(
          domains.map(async (domain) => {
            const { name, uuid } = domain;
            const state = states.get(uuid);
            // It came or went meanwhile.
            if (state === undefined) return [];
            try {
              const [xml, active] = await Promise.all([xmlOf(domain, flags.inactive), domain.id < 0 ? null : activeXml(domain)]);
              const power = domainPower(state.state);
              return [
                read({
                  uuid,
                  name,
                  power: power === "stopped" && saved.has(uuid) ? "saved" : power,
                  reason: stateReason(state.state, state.reason),
                  persistent: !transient.has(uuid),
                  autostart: autostart.has(uuid),
                  xml,
                  active,
                }),
              ];
            } catch (error) {
              if (isRefusal(error, is.noDomain)) return [];
              const why = explained(`Reading domain ${name} failed`, error);
              if (failed === undefined || !(error instanceof LibvirtError)) throw why;
              failed({ uuid, name }, why);
              return [];
            }
          }),
        );
        return found.flat();
      }),

    domain: (uuid) =>
      unlessMissing(`Reading domain ${uuid} failed`, async (): Promise<DomainRecord> => {
        const domain = at(uuid);
        const [xml, state, { persistent }, { saved }] = await Promise.all([
          xmlOf(domain, flags.inactive),
          stateOf(domain),
          call(procedures.isPersistent, { domain }, uuid),
          call(procedures.hasManagedSave, { domain, flags: 0 }, uuid),
        ]);
        const [active, autostart] = await Promise.all([
          state.state === shutOff ? null : activeXml(domain),
          // A transient domain cannot start with the host.
          persistent === 0 ? 0 : call(procedures.getAutostart, { domain }, uuid).then((answer) => answer.autostart),
        ]);
        const power = domainPower(state.state);
        return {
          uuid,
          name: nameIn(xml),
          power: power === "stopped" && saved === 1 ? "saved" : power,
          reason: stateReason(state.state, state.reason),
          persistent: persistent === 1,
          autostart: autostart === 1,
          xml,
          active,
        };
      }),

    definition: (uuid) => unlessMissing(`Reading domain ${uuid} failed`, () => xmlOf(at(uuid), flags.inactive)),

    inUse: (uuid) =>
      unlessMissing(`Reading domain ${uuid} failed`, async () => {
        const active = await activeXml(at(uuid));
        if (active !== null) return { xml: active, saved: false };
        const { saved } = await call(procedures.hasManagedSave, { domain: at(uuid), flags: 0 }, uuid);
        if (saved === 0) return undefined;
        try {
          const { xml } = await call(procedures.managedSaveXml, { domain: at(uuid), flags: 0 }, uuid);
          return { xml, saved: true };
        } catch (error) {
          // It was restored or discarded meanwhile, or this driver saves none.
          if (isRefusal(error, is.operationInvalid, is.noSupport)) return undefined;
          throw error;
        }
      }),

    define: (xml) =>
      explaining(`Defining domain ${nameIn(xml)} failed`, () => call(procedures.defineXml, { xml, flags: 0 }, nameIn(xml)).then(nothing)),
    rename: (uuid, name) =>
      change(`Renaming domain ${uuid} to ${name} failed`, uuid, () => call(procedures.rename, { domain: at(uuid), name, flags: 0 }, uuid)),
    undefine: async (uuid) => {
      await unlessMissing(`Undefining domain ${uuid} failed`, async () => {
        const { persistent } = await call(procedures.isPersistent, { domain: at(uuid) }, uuid);
        if (persistent === 1) await call(procedures.undefine, { domain: at(uuid), flags: flags.undefineAll }, uuid);
      });
    },
    start: async (uuid) => {
      const what = `Starting domain ${uuid} failed`;
      const running = (state: number) => state !== shutOff && state !== crashed;
      try {
        await change(what, uuid, () => call(procedures.create, { domain: at(uuid), flags: 0 }, uuid), running);
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
    shutdown: (uuid) =>
      change(
        `Shutting domain ${uuid} down failed`,
        uuid,
        () => call(procedures.shutdown, { domain: at(uuid) }, uuid),
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

    liveDefinition: async (uuid) => (await unlessMissing(`Reading domain ${uuid} failed`, () => activeXml(at(uuid)))) ?? undefined,
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
    setRunningMetadata: (uuid, { prefix, namespace, xml }) =>
      change(`Labelling running domain ${uuid} failed`, uuid, () =>
        call(
          procedures.setMetadata,
          { domain: at(uuid), type: flags.metadataElement, metadata: xml, key: prefix, uri: namespace, flags: flags.live },
          uuid,
        ),
      ),

    hasSecret: async (uuid) =>
      (await unlessMissing(`Looking for secret ${uuid} failed`, () => call(procedures.findSecret, { uuid }, uuid), is.noSupport)) !==
      undefined,
    networks: () => explaining("Listing the networks failed", allNetworks),

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
          const description = textAt(parseXml(answer.xml), "description") ?? "";
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

/** Names what failed, and the remedy where one is known. */
function explained(what: string, error: unknown): unknown {
  if (!(error instanceof LibvirtError) || error.cause !== undefined) return error;
  return new LibvirtError(error, { what, remedy: hintFor(error), cause: error });
}

async function explaining<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(what, error);
  }
}

/** Undefined when libvirt says that the object does not exist. */
async function unlessMissing<T>(what: string, work: () => Promise<T>, ...fine: readonly number[]): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error, is.noDomain, is.noSecret, ...fine)) return undefined;
    throw explained(what, error);
  }
}

function statesOf(
  stats: readonly {
    readonly domain: WireDomain;
    readonly values: readonly { readonly field: string; readonly value: { readonly value: number | string } }[];
  }[],
): Map<string, { readonly state: number; readonly reason: number }> {
  const numberOf = (values: (typeof stats)[number]["values"], field: string) =>
    Number(values.find((one) => one.field === field)?.value.value ?? 0);
  return new Map(
    stats.map(({ domain, values }) => [domain.uuid, { state: numberOf(values, "state.state"), reason: numberOf(values, "state.reason") }]),
  );
}

/** Only the document of a running domain has a number. */
function isActive(xml: string): boolean {
  return /^\s*<domain\b[^>]*\sid=/.test(xml);
}

/** The name in a domain's document, without parsing all of it. */
function nameIn(xml: string): string {
  const name = /<name>([^<]*)<\/name>/.exec(xml.slice(0, 4096))?.[1] ?? "";
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return name.replace(/&(lt|gt|amp|quot|apos);/g, (_all, entity: string) => entities[entity] ?? "");
}
