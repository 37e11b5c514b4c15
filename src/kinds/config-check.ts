import type { Diagnostic } from "../model/diagnostic.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import type { HostFacts } from "../model/host-facts.ts";
import { createObserved, type Observed } from "../model/observed.ts";
import type { HostSettings } from "../model/settings.ts";
import { checkUri } from "./config/uri-check.ts";
import type { Config } from "./config.ts";
import { checkDevices } from "./guest/device-check.ts";
import { checkDomainPatches } from "./guest/domain-patch-check.ts";
import { hostSettings } from "./host/settings.ts";
import { checkImages } from "./image/check.ts";
import { desiredImages } from "./image/desired.ts";
import { desiredInstances } from "./instance/desired.ts";
import { writtenChecks } from "./instance/written-checks.ts";
import { checkWrittenNetworks } from "./network/written-check.ts";
import { checkWrittenFilters } from "./security-group/check.ts";
import { checkVolumes } from "./volume/check.ts";
import { desiredVolumes } from "./volume/desired.ts";

/** Hosts differ in what a guest has by default, which follows from their architecture. */
const architectures = ["x86_64", "aarch64"] as const;

/**
 * What is wrong with a configuration whatever the host is: mistakes that every host would have, be it empty and with room for everything.
 * `config` matches the schema. Pure.
 */
export function checkConfig(config: Config): Diagnostic[] {
  const [usual, ...others] = architectures;
  const once = [...new Map(checkOn(config, usual).map((one) => [JSON.stringify(one), one])).values()];
  if (!once.some(isError)) return once;
  const everywhere = others.map((arch) => new Set(checkOn(config, arch).map(placeOf)));
  return once.filter((one) => !isError(one) || everywhere.every((places) => places.has(placeOf(one))));
}

const isError = ({ severity }: Pick<Diagnostic, "severity">) => severity === "error";

function placeOf({ code, address, key, pointer }: Diagnostic): string {
  return JSON.stringify([code, address, key, pointer]);
}

function checkOn(config: Config, arch: string): Diagnostic[] {
  try {
    const settings = hostSettings(config, { root: true, dataHome: "/var/lib" });
    const facts = emptyHost(arch);
    const observed = createObserved({ facts, states: new Map(), unmanaged: [], diagnostics: [], complete: true, unread: [] });
    const wanted = { config, settings, facts };
    const found = [
      ...checkImages(desiredImages(wanted), observed, config),
      ...checkUri(config),
      ...checkWrittenNetworks(config),
      ...checkVolumes(desiredVolumes(wanted), observed, config),
      ...checkWrittenFilters(wanted),
      ...parts(config).flatMap((part) => checkInstances(part, settings, observed)),
    ];
    // Warnings that follow from what is written are the same on every host.
    return found.filter((one) => isError(one) || one.lasting === true);
  } catch (error) {
    const failure = failureDiagnostics(error);
    if (failure === undefined) throw error;
    return [...failure];
  }
}

/** Instances that are looked at together: all specs of a large configuration would take much memory at once. */
const together = 100;

/** Configurations with some of the instances each. */
function parts(config: Config): Config[] {
  const entries = Object.entries(config.instances ?? {});
  return Array.from({ length: Math.ceil(entries.length / together) }, (_, part) => ({
    ...config,
    instances: Object.fromEntries(entries.slice(part * together, (part + 1) * together)),
  }));
}

function checkInstances(config: Config, settings: HostSettings, observed: Observed): Diagnostic[] {
  const specs = desiredInstances({ config, settings, facts: observed.facts }).map(({ spec }) => spec);
  const checked = {
    config,
    settings,
    observed,
    disks: specs.filter((spec) => spec.kind === "disk"),
    drives: specs.filter((spec) => spec.kind === "seed").map(({ seed }) => seed),
    domains: specs.filter((spec) => spec.kind === "domain").map(({ domain }) => domain),
    secrets: specs.filter((spec) => spec.kind === "secret").map(({ secret }) => secret),
  };
  return [...writtenChecks, checkDomainPatches, checkDevices].flatMap((check) => check(checked));
}

/** A host of which only the architecture is known. Sizes are bytes. */
function emptyHost(arch: string): HostFacts {
  const endless = Number.MAX_SAFE_INTEGER;
  return {
    hostname: "",
    arch,
    kvm: true,
    cpus: endless,
    memory: endless,
    disk: { total: endless, free: endless, directIo: true, preallocation: null },
    libvirtVersion: "",
    sources: {},
    secrets: {},
    missingPrograms: [],
    networks: null,
    drivers: {},
  };
}
