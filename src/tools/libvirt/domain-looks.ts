import type { Caller } from "./caller.ts";
import { domainPower, stateReason } from "./domain-state.ts";
import { explained, explaining, unlessMissing } from "./explaining.ts";
import type { DomainRecord, DomainStanding, Libvirt } from "./face.ts";
import { forEachAtOnce } from "./for-each-at-once.ts";
import { errorCodes as is, isRefusal, LibvirtError } from "./libvirt-error.ts";
import { nameIn } from "./name-in.ts";
import { procedures } from "./rpc/procedures.ts";
import type { WireDomain } from "./rpc/types.ts";

const flags = {
  /** With passwords of displays, which would be lost when the definition is written back. */
  secure: 1,
  inactive: 2,
  list: { transient: 1 << 3, managedSave: 1 << 8, autostart: 1 << 10, snapshots: 1 << 12, checkpoints: 1 << 14 },
  statsState: 1,
} as const;
/** libvirt's number of a state. */
const shutOff = 5;

/** The part of the face that looks at domains. */
export type DomainLooks = Pick<Libvirt, "domains" | "domain" | "power" | "autostart" | "definition" | "inUse" | "liveDefinition"> & {
  /** A definition; `flags` 2: the inactive one. */
  xmlOf(domain: WireDomain, flags: number): Promise<string>;
  stateOf(domain: WireDomain): Promise<{ readonly state: number; readonly reason: number }>;
};

/** A caller of `domains`: what it does with each, and what went wrong for it. */
interface Reader {
  readonly read: (domain: DomainRecord, index: number) => void;
  readonly failed: ((domain: { readonly uuid: string; readonly name: string }, error: unknown) => void) | undefined;
  readonly errors: unknown[];
}

/** libvirt finds a domain by its uuid; the name appears in its messages only. */
export const at = (uuid: string): WireDomain => ({ name: uuid, uuid, id: -1 });

/** Looks at domains through these calls. */
export function createDomainLooks({ call, looksAtOnce }: Pick<Caller, "call" | "looksAtOnce">): DomainLooks {
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

  /** The states of all domains; undefined from a driver that gives them one by one, as that of containers. */
  async function statesOfAll(): Promise<ReturnType<typeof statesOf> | undefined> {
    try {
      return statesOf((await call(procedures.domainStats, { domains: [], groups: flags.statsState, flags: 0 })).stats);
    } catch (error) {
      if (isRefusal(error, is.noSupport)) return undefined;
      throw error;
    }
  }

  async function snapshotsOf(domain: WireDomain): Promise<string[]> {
    const { snapshots } = await call(procedures.listSnapshots, { domain, needResults: 1, flags: 0 }, domain.name);
    return snapshots.map(({ name }) => name).sort();
  }

  async function checkpointsOf(domain: WireDomain): Promise<string[]> {
    const { checkpoints } = await call(procedures.listCheckpoints, { domain, needResults: 1, flags: 0 }, domain.name);
    return checkpoints.map(({ name }) => name).sort();
  }

  /** Whether a domain starts with the host; a transient one cannot. */
  async function autostartOf(domain: WireDomain): Promise<boolean> {
    try {
      return (await call(procedures.getAutostart, { domain }, domain.name)).autostart === 1;
    } catch (error) {
      if (isRefusal(error, is.operationInvalid)) return false;
      throw error;
    }
  }

  const hasSavedMemory = async (domain: WireDomain) =>
    (await call(procedures.hasManagedSave, { domain, flags: 0 }, domain.name)).saved === 1;

  async function standingOf(domain: WireDomain): Promise<DomainStanding & { readonly state: number }> {
    const [{ state, reason }, saved] = await Promise.all([stateOf(domain), hasSavedMemory(domain)]);
    const power = domainPower(state);
    return { state, power: power === "stopped" && saved ? "saved" : power, reason: stateReason(state, reason) };
  }

  /** Kinds that look at the same time share one listing: it waits for the callers of the same turn. */
  let waiting: { readonly readers: Reader[]; readonly done: Promise<void> } | undefined;
  function listTogether(reader: Reader): Promise<void> {
    const readers: Reader[] = [];
    waiting ??= {
      readers,
      done: Promise.resolve().then(() => {
        waiting = undefined;
        return listFor(readers);
      }),
    };
    waiting.readers.push(reader);
    return waiting.done;
  }

  async function listFor(readers: readonly Reader[]): Promise<void> {
    const listing = call(procedures.listDomains, { needResults: 1, flags: 0 });
    const standing = Promise.all([
      statesOfAll(),
      listed("transient"),
      listed("managedSave"),
      listed("autostart"),
      listed("snapshots"),
      listed("checkpoints"),
    ]);
    // It is awaited below, after the list of domains, which may fail first.
    standing.catch(() => undefined);
    const recordOf = async (
      domain: WireDomain,
      stored: Promise<string>,
      [states, transient, saved, autostart, snapshots, checkpoints]: Awaited<typeof standing>,
    ): Promise<DomainRecord | undefined> => {
      const { name, uuid } = domain;
      const state = states === undefined ? await stateOf(domain) : states.get(uuid);
      // It came or went meanwhile.
      if (state === undefined) return undefined;
      // Of most guests that are off, nothing else is asked for.
      const isPlain = domain.id < 0 && !snapshots.has(uuid) && !checkpoints.has(uuid);
      const [xml, active, names, marks] = isPlain
        ? [await stored, null, [], []]
        : await Promise.all([
            stored,
            domain.id < 0 ? null : activeXml(domain),
            snapshots.has(uuid) ? snapshotsOf(domain) : [],
            checkpoints.has(uuid) ? checkpointsOf(domain) : [],
          ]);
      const power = domainPower(state.state);
      return {
        uuid,
        name,
        power: power === "stopped" && saved.has(uuid) ? "saved" : power,
        reason: stateReason(state.state, state.reason),
        persistent: !transient.has(uuid),
        autostart: autostart.has(uuid),
        ...(names.length === 0 ? {} : { snapshots: names }),
        ...(marks.length === 0 ? {} : { checkpoints: marks }),
        xml,
        active,
      };
    };
    const readOne = async (domain: WireDomain, index: number): Promise<void> => {
      // Asked for while libvirt still answers what concerns all domains. Until it is awaited, it may be refused.
      const stored = xmlOf(domain, flags.inactive);
      stored.catch(() => undefined);
      const standings = await standing;
      const { name, uuid } = domain;
      const refuse = ({ failed, errors }: Reader, error: unknown) => {
        const why = explained(`Reading domain ${name} failed`, error);
        if (failed === undefined || !(error instanceof LibvirtError)) errors.push(why);
        else failed({ uuid, name }, why);
      };
      try {
        const record = await recordOf(domain, stored, standings);
        if (record === undefined) return;
        for (const reader of readers) {
          try {
            reader.read(record, index);
          } catch (error) {
            refuse(reader, error);
          }
        }
      } catch (error) {
        if (!isRefusal(error, is.noDomain)) for (const reader of readers) refuse(reader, error);
      }
    };
    const { domains } = await listing;
    await forEachAtOnce(domains, looksAtOnce, readOne);
  }

  return {
    xmlOf,
    stateOf,

    domains: <T>(read: (domain: DomainRecord) => T, failed?: Reader["failed"]) =>
      explaining("Listing the domains failed", async () => {
        const found: T[] = [];
        const errors: unknown[] = [];
        const keep = (domain: DomainRecord, index: number) => {
          found[index] = read(domain);
        };
        await listTogether({ read: keep, failed, errors });
        for (const error of errors) throw error;
        // Those that failed, or went meanwhile, left holes.
        return found.filter(() => true);
      }),

    domain: (uuid) =>
      unlessMissing(`Reading domain ${uuid} failed`, async (): Promise<DomainRecord> => {
        const domain = at(uuid);
        // All at once: on a host elsewhere each turn is a round trip.
        const [xml, { state, power, reason }, { persistent }, running, autostart] = await Promise.all([
          xmlOf(domain, flags.inactive),
          standingOf(domain),
          call(procedures.isPersistent, { domain }, uuid),
          activeXml(domain),
          autostartOf(domain),
        ]);
        return {
          uuid,
          name: nameIn(xml),
          power,
          reason,
          persistent: persistent === 1,
          autostart: persistent === 1 && autostart,
          xml,
          active: state === shutOff ? null : running,
        };
      }),

    power: (uuid) =>
      unlessMissing(`Reading domain ${uuid} failed`, async () => {
        const { power, reason } = await standingOf(at(uuid));
        return { power, reason };
      }),

    autostart: async (uuid) => (await unlessMissing(`Reading domain ${uuid} failed`, () => autostartOf(at(uuid)))) ?? false,

    definition: (uuid) => unlessMissing(`Reading domain ${uuid} failed`, () => xmlOf(at(uuid), flags.inactive | flags.secure)),

    inUse: (uuid) =>
      unlessMissing(`Reading domain ${uuid} failed`, async () => {
        const active = await activeXml(at(uuid));
        if (active !== null) return { xml: active, saved: false };
        if (!(await hasSavedMemory(at(uuid)))) return undefined;
        try {
          const { xml } = await call(procedures.managedSaveXml, { domain: at(uuid), flags: 0 }, uuid);
          return { xml, saved: true };
        } catch (error) {
          // It was restored or discarded meanwhile, or this driver saves none.
          if (isRefusal(error, is.operationInvalid, is.noSupport)) return undefined;
          throw error;
        }
      }),

    liveDefinition: async (uuid) => (await unlessMissing(`Reading domain ${uuid} failed`, () => activeXml(at(uuid)))) ?? undefined,
  };
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
